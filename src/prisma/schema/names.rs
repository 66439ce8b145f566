//! The names of the input types, as errors tell them.

use super::{Aggregate, ColumnFilter, Data, In, Obj, Schema, Via};
use crate::prisma::description::Scalar;

/// A name with a capital at its front: `userId` makes `UserId`.
fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

impl Schema {
    /// The name of a type in an error.
    pub(super) fn type_name(&self, of: &In) -> String {
        match of {
            In::Scalar(Scalar::DateTime) => "DateTime".into(),
            In::Scalar(scalar) => self.description.type_name(*scalar).into(),
            In::Words(words) => words.name(self.description),
            In::List(inner) => format!("{}[]", self.type_name(inner)),
            In::Object(obj) => self.name(*obj),
            In::Null => "Null".into(),
        }
    }

    /// The name of an object type.
    pub(super) fn name(&self, obj: Obj) -> String {
        let table = |number: usize| self.description.tables[number].name.as_str();
        match obj {
            Obj::Where(t) => format!("{}WhereInput", table(t)),
            Obj::ScalarWhere(t) => format!("{}ScalarWhereInput", table(t)),
            Obj::WhereUnique(t) => format!("{}WhereUniqueInput", table(t)),
            Obj::Key(t, key) => self.key_type_name(t, key),
            Obj::Filter(filter) => self.column_filter_name(filter),
            Obj::FieldRef(scalar, list) => {
                let list = if list { "List" } else { "" };
                format!("{list}{}FieldRefInput", self.base(scalar, "Boolean"))
            }
            Obj::ListRelation(t) => format!("{}ListRelationFilter", table(t)),
            Obj::OneRelation(t, false) => format!("{}ScalarRelationFilter", table(t)),
            Obj::OneRelation(t, true) => format!("{}NullableScalarRelationFilter", table(t)),
            Obj::OrderBy(t) => format!("{}OrderByWithRelationInput", table(t)),
            Obj::OrderByCount(t) => format!("{}OrderByRelationAggregateInput", table(t)),
            Obj::SortNulls => "SortOrderInput".into(),
            Obj::OrderByGroup(t) => format!("{}OrderByWithAggregationInput", table(t)),
            Obj::OrderByAggregate(t, aggregate) => {
                format!("{}{}OrderByAggregateInput", table(t), aggregate_name(aggregate))
            }
            Obj::Having(t) => format!("{}ScalarWhereWithAggregatesInput", table(t)),
            Obj::Create(data) => self.data_name(data, "Create"),
            Obj::Update(data) => self.data_name(data, "Update"),
            Obj::CreateMany(data) => match data.without {
                None => format!("{}CreateManyInput", table(data.table)),
                Some(relation) => {
                    let relation = &self.description.tables[data.table].relations[relation];
                    format!("{}CreateMany{}Input", table(data.table), capital(&relation.name))
                }
            },
            Obj::UpdateMany(data) if data.checked => {
                format!("{}UpdateManyMutationInput", table(data.table))
            }
            Obj::UpdateMany(data) => self.data_name(data, "UpdateMany"),
            Obj::Operations(scalar, nullable) => self.operations_name(scalar, nullable),
            Obj::NestedCreate(..) | Obj::NestedUpdate(..) => self.nested_name(obj),
            Obj::ConnectOrCreate(via) => self.without(via, "CreateOrConnect"),
            Obj::Upsert(via) if self.is_list(via) => self.without(via, "UpsertWithWhereUnique"),
            Obj::Upsert(via) => self.without(via, "Upsert"),
            Obj::CreateManyEnvelope(via) => {
                format!("{}CreateMany{}InputEnvelope", self.child(via), self.back(via))
            }
            Obj::UpdateOne(via) if self.is_list(via) => self.without(via, "UpdateWithWhereUnique"),
            Obj::UpdateOne(via) => self.without(via, "UpdateToOneWithWhere"),
            Obj::UpdateManyWhere(via) => self.without(via, "UpdateManyWithWhere"),
        }
    }

    fn key_type_name(&self, table: usize, key: usize) -> String {
        let of = &self.description.tables[table];
        let columns = of.keys().nth(key).unwrap_or_default();
        let names: String = of.names(columns).map(capital).collect();
        format!("{}{names}CompoundUniqueInput", of.name)
    }

    fn base(&self, scalar: Scalar, boolean: &str) -> String {
        match scalar {
            Scalar::Enum(number) => format!("Enum{}", self.description.enums[number].name),
            Scalar::Boolean => boolean.into(),
            other => self.description.type_name(other).into(),
        }
    }

    fn column_filter_name(&self, filter: ColumnFilter) -> String {
        let nested = if filter.nested { "Nested" } else { "" };
        let nullable = if filter.nullable { "Nullable" } else { "" };
        let aggregates = if filter.aggregates { "WithAggregates" } else { "" };
        format!("{nested}{}{nullable}{aggregates}Filter", self.base(filter.scalar, "Bool"))
    }

    fn operations_name(&self, scalar: Scalar, nullable: bool) -> String {
        let nullable = if nullable { "Nullable" } else { "" };
        format!("{nullable}{}FieldUpdateOperationsInput", self.base(scalar, "Bool"))
    }

    fn data_name(&self, data: Data, what: &str) -> String {
        let table = &self.description.tables[data.table];
        let unchecked = if data.checked { "" } else { "Unchecked" };
        let without = data.without.map(|relation| capital(&table.relations[relation].name));
        let without = without.map_or_else(String::new, |name| format!("Without{name}"));
        format!("{}{unchecked}{what}{without}Input", table.name)
    }

    fn nested_name(&self, obj: Obj) -> String {
        let (via, unchecked, what) = match obj {
            Obj::NestedCreate(via, unchecked) if self.is_list(via) => {
                (via, unchecked, "CreateNestedMany")
            }
            Obj::NestedCreate(via, unchecked) => (via, unchecked, "CreateNestedOne"),
            Obj::NestedUpdate(via, unchecked) if self.is_list(via) => {
                (via, unchecked, "UpdateMany")
            }
            Obj::NestedUpdate(via, unchecked) if self.is_nullable(via) => {
                (via, unchecked, "UpdateOne")
            }
            Obj::NestedUpdate(via, unchecked) => (via, unchecked, "UpdateOneRequired"),
            _ => return String::new(),
        };
        let unchecked = if unchecked { "Unchecked" } else { "" };
        let nested = if what.starts_with("Update") { "Nested" } else { "" };
        let (child, back) = (self.child(via), self.back(via));
        format!("{child}{unchecked}{what}Without{back}{nested}Input")
    }

    fn without(&self, via: Via, what: &str) -> String {
        format!("{}{what}Without{}Input", self.child(via), self.back(via))
    }

    fn child(&self, via: Via) -> &str {
        let target = self.description.tables[via.table].relations[via.relation].target;
        &self.description.tables[target].name
    }

    fn back(&self, via: Via) -> String {
        let relation = &self.description.tables[via.table].relations[via.relation];
        capital(&self.description.tables[relation.target].relations[relation.back].name)
    }

    pub(super) fn is_list(&self, via: Via) -> bool {
        self.description.tables[via.table].relations[via.relation].list
    }

    pub(super) fn is_nullable(&self, via: Via) -> bool {
        self.description.tables[via.table].relations[via.relation].nullable
    }
}

/// `Count`, as it stands in the names of types.
pub(crate) fn aggregate_name(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Count => "Count",
        Aggregate::Avg => "Avg",
        Aggregate::Sum => "Sum",
        Aggregate::Min => "Min",
        Aggregate::Max => "Max",
    }
}
