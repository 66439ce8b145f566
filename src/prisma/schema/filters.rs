//! The fields of what selects and orders rows.

use super::{
    Aggregate, ColumnFilter, In, InField, Obj, Schema, Words, one_or_many, optional, required,
};
use crate::prisma::description::{Column, Relation, Scalar};

fn list(of: In) -> In {
    In::List(Box::new(of))
}

fn filter(column: &Column) -> ColumnFilter {
    let (scalar, nullable) = (column.scalar, column.nullable);
    ColumnFilter { scalar, nullable, nested: false, aggregates: false }
}

/// The type of a column's values.
pub(super) fn value_type(scalar: Scalar) -> In {
    match scalar {
        Scalar::Enum(number) => In::Words(Words::Model(number)),
        other => In::Scalar(other),
    }
}

/// The types, and null where it is allowed.
pub(super) fn or_null(mut types: Vec<In>, nullable: bool) -> Vec<In> {
    types.extend(nullable.then_some(In::Null));
    types
}

impl Schema {
    /// The fields of a type that selects or orders; none for another type.
    pub(super) fn filter_fields(&self, obj: Obj) -> Option<Vec<InField>> {
        Some(match obj {
            Obj::Where(table) => self.where_fields(table, Obj::Where(table), true),
            Obj::ScalarWhere(table) => self.where_fields(table, Obj::ScalarWhere(table), false),
            Obj::WhereUnique(table) => self.unique_fields(table),
            Obj::Key(table, key) => self.fields_of_key(table, key),
            Obj::Filter(filter) => self.operators(filter),
            Obj::FieldRef(..) => {
                let text = || vec![In::Scalar(Scalar::String)];
                vec![required("_ref", text()), required("_container", text())]
            }
            Obj::ListRelation(table) => ["every", "some", "none"]
                .map(|name| optional(name, vec![In::Object(Obj::Where(table))]))
                .into(),
            Obj::OneRelation(table, nullable) => ["is", "isNot"]
                .map(|name| optional(name, or_null(vec![In::Object(Obj::Where(table))], nullable)))
                .into(),
            Obj::OrderBy(table) => self.order_fields(table),
            Obj::OrderByCount(_) => vec![optional("_count", vec![In::Words(Words::Sort)])],
            Obj::SortNulls => vec![
                required("sort", vec![In::Words(Words::Sort)]),
                optional("nulls", vec![In::Words(Words::Nulls)]),
            ],
            Obj::OrderByGroup(table) => self.group_order_fields(table),
            Obj::OrderByAggregate(table, aggregate) => {
                let columns = self.description.tables[table].columns.iter();
                let columns = columns.filter(|column| aggregate.applies(column.scalar));
                columns.map(|c| optional(&c.name, vec![In::Words(Words::Sort)])).collect()
            }
            Obj::Having(table) => self.having_fields(table),
            _ => return None,
        })
    }

    fn logic(obj: Obj) -> Vec<InField> {
        vec![
            optional("AND", one_or_many(obj)),
            optional("OR", vec![list(In::Object(obj))]),
            optional("NOT", one_or_many(obj)),
        ]
    }

    fn where_fields(&self, table: usize, obj: Obj, relations: bool) -> Vec<InField> {
        let of = &self.description.tables[table];
        let columns = of.columns.iter().map(|c| optional(&c.name, column_types(c)));
        let mut fields = Schema::logic(obj);
        fields.extend(columns);
        if relations {
            fields.extend(of.relations.iter().map(relation_field));
        }
        fields
    }

    /// The fields that name a row: its keys of one column, and those of several.
    pub(super) fn key_fields(&self, table: usize) -> impl Iterator<Item = InField> {
        let of = &self.description.tables[table];
        of.keys().enumerate().map(move |(number, key)| match key {
            [column] => {
                let column = &of.columns[*column];
                optional(&column.name, vec![value_type(column.scalar)])
            }
            key => optional(of.key_name(key), vec![In::Object(Obj::Key(table, number))]),
        })
    }

    fn unique_fields(&self, table: usize) -> Vec<InField> {
        let mut fields: Vec<InField> = self.key_fields(table).collect();
        let rest = self.where_fields(table, Obj::Where(table), true);
        let rest: Vec<InField> =
            rest.into_iter().filter(|f| fields.iter().all(|key| key.name != f.name)).collect();
        fields.extend(rest);
        fields
    }

    fn fields_of_key(&self, table: usize, key: usize) -> Vec<InField> {
        let of = &self.description.tables[table];
        let columns = of.keys().nth(key).unwrap_or_default().iter();
        let columns = columns.map(|column| &of.columns[*column]);
        columns.map(|column| required(&column.name, vec![value_type(column.scalar)])).collect()
    }

    fn operators(&self, filter: ColumnFilter) -> Vec<InField> {
        let ColumnFilter { scalar, nullable, aggregates, .. } = filter;
        let (value, one) = (value_type(scalar), In::Object(Obj::FieldRef(scalar, false)));
        let one = || vec![value.clone(), one.clone()];
        let many = || {
            let many = In::Object(Obj::FieldRef(scalar, true));
            or_null(vec![list(value.clone()), many], nullable)
        };
        if scalar == Scalar::Json {
            return json_operators(aggregates, filter);
        }
        let mut fields = vec![optional("equals", or_null(one(), nullable))];
        if scalar != Scalar::Boolean {
            fields.push(optional("in", many()));
            fields.push(optional("notIn", many()));
        }
        if !matches!(scalar, Scalar::Boolean | Scalar::Enum(_)) {
            fields.extend(["lt", "lte", "gt", "gte"].map(|name| optional(name, one())));
        }
        if scalar == Scalar::String {
            let names = ["contains", "startsWith", "endsWith"];
            fields.extend(names.map(|name| optional(name, one())));
            if !filter.nested {
                fields.push(optional("mode", vec![In::Words(Words::Mode)]));
            }
        }
        let nested = Obj::Filter(ColumnFilter { nested: true, ..filter });
        fields.push(optional("not", or_null(vec![value, In::Object(nested)], nullable)));
        if aggregates {
            fields.extend(aggregate_filters(filter));
        }
        fields
    }

    fn order_fields(&self, table: usize) -> Vec<InField> {
        let of = &self.description.tables[table];
        let columns = of.columns.iter().map(|column| optional(&column.name, sort_types(column)));
        let relations = of.relations.iter().map(|relation| {
            let by = if relation.list { Obj::OrderByCount } else { Obj::OrderBy };
            optional(&relation.name, vec![In::Object(by(relation.target))])
        });
        columns.chain(relations).collect()
    }

    fn group_order_fields(&self, table: usize) -> Vec<InField> {
        let of = &self.description.tables[table];
        let columns = of.columns.iter().map(|column| optional(&column.name, sort_types(column)));
        let aggregates =
            [Aggregate::Count, Aggregate::Avg, Aggregate::Max, Aggregate::Min, Aggregate::Sum];
        let applies = |of_: &Aggregate| of.columns.iter().any(|column| of_.applies(column.scalar));
        let aggregates = aggregates.into_iter().filter(applies).map(|aggregate| {
            optional(aggregate.name(), vec![In::Object(Obj::OrderByAggregate(table, aggregate))])
        });
        columns.chain(aggregates).collect()
    }

    fn having_fields(&self, table: usize) -> Vec<InField> {
        let of = &self.description.tables[table];
        let mut fields = Schema::logic(Obj::Having(table));
        fields.extend(of.columns.iter().map(|column| {
            let by = In::Object(Obj::Filter(ColumnFilter { aggregates: true, ..filter(column) }));
            let types = if column.scalar == Scalar::Json {
                vec![by]
            } else {
                or_null(vec![by, value_type(column.scalar)], column.nullable)
            };
            optional(&column.name, types)
        }));
        fields
    }
}

fn column_types(column: &Column) -> Vec<In> {
    let by = In::Object(Obj::Filter(filter(column)));
    match column.scalar {
        Scalar::Json => vec![by],
        scalar => or_null(vec![by, value_type(scalar)], column.nullable),
    }
}

fn relation_field(relation: &Relation) -> InField {
    let target = relation.target;
    let types = if relation.list {
        vec![In::Object(Obj::ListRelation(target))]
    } else {
        let by = In::Object(Obj::OneRelation(target, relation.nullable));
        or_null(vec![by, In::Object(Obj::Where(target))], relation.nullable)
    };
    optional(&relation.name, types)
}

fn sort_types(column: &Column) -> Vec<In> {
    let mut types = vec![In::Words(Words::Sort)];
    types.extend(column.nullable.then_some(In::Object(Obj::SortNulls)));
    types
}

fn json_operators(aggregates: bool, filter: ColumnFilter) -> Vec<InField> {
    let json = || vec![In::Scalar(Scalar::Json), In::Object(Obj::FieldRef(Scalar::Json, false))];
    let text =
        || vec![In::Scalar(Scalar::String), In::Object(Obj::FieldRef(Scalar::String, false))];
    let or_json_null = |mut types: Vec<In>| {
        types.push(In::Words(Words::JsonNullFilter));
        types
    };
    let mut fields = vec![
        optional("equals", or_json_null(json())),
        optional("path", vec![list(In::Scalar(Scalar::String))]),
        optional("mode", vec![In::Words(Words::Mode)]),
    ];
    let texts = ["string_contains", "string_starts_with", "string_ends_with"];
    fields.extend(texts.map(|name| optional(name, text())));
    let arrays = ["array_starts_with", "array_ends_with", "array_contains"];
    fields.extend(arrays.map(|name| optional(name, or_null(json(), true))));
    fields.extend(["lt", "lte", "gt", "gte"].map(|name| optional(name, json())));
    fields.push(optional("not", or_json_null(json())));
    if aggregates {
        fields.extend(aggregate_filters(filter));
    }
    fields
}

fn aggregate_filters(filter: ColumnFilter) -> impl Iterator<Item = InField> {
    let applies = move |aggregate: &Aggregate| aggregate.applies(filter.scalar);
    Aggregate::ALL.into_iter().filter(applies).map(move |aggregate| {
        let scalar = match aggregate {
            Aggregate::Count => Scalar::Int,
            Aggregate::Avg => Scalar::Float,
            _ => filter.scalar,
        };
        let nullable = aggregate != Aggregate::Count && filter.nullable;
        let by = ColumnFilter { scalar, nullable, nested: true, aggregates: false };
        optional(aggregate.name(), vec![In::Object(Obj::Filter(by))])
    })
}
