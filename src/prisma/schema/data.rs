//! The fields of what makes and changes rows.

use super::filters::{or_null, value_type};
use super::{Data, In, InField, Obj, Schema, Via, Words, one_or_many, optional, required};
use crate::prisma::description::{Column, Scalar};

impl Schema {
    /// The fields of a type that makes or changes rows; none for another type.
    pub(super) fn data_fields(&self, obj: Obj) -> Option<Vec<InField>> {
        Some(match obj {
            Obj::Create(data) => self.create_fields(data, true),
            Obj::CreateMany(data) => self.create_fields(data, false),
            Obj::Update(data) => self.update_fields(data, true),
            Obj::UpdateMany(data) => self.update_fields(data, false),
            Obj::Operations(scalar, nullable) => operations(scalar, nullable),
            Obj::NestedCreate(via, _) => self.nested_create_fields(via),
            Obj::NestedUpdate(via, _) => self.nested_update_fields(via),
            Obj::ConnectOrCreate(via) => vec![
                required("where", vec![In::Object(Obj::WhereUnique(self.target(via)))]),
                required("create", self.create_types(via)),
            ],
            Obj::Upsert(via) => self.upsert_fields(via),
            Obj::CreateManyEnvelope(via) => vec![
                required("data", one_or_many(Obj::CreateMany(self.nested(via, false)))),
                optional("skipDuplicates", vec![In::Scalar(Scalar::Boolean)]),
            ],
            Obj::UpdateOne(via) => self.update_one_fields(via),
            Obj::UpdateManyWhere(via) => vec![
                required("where", vec![In::Object(Obj::ScalarWhere(self.target(via)))]),
                required(
                    "data",
                    [true, false]
                        .map(|checked| In::Object(Obj::UpdateMany(self.nested(via, checked))))
                        .into(),
                ),
            ],
            _ => return None,
        })
    }

    fn target(&self, via: Via) -> usize {
        self.description.tables[via.table].relations[via.relation].target
    }

    /// The data of a row that stands under a relation field.
    fn nested(&self, via: Via, checked: bool) -> Data {
        let relation = &self.description.tables[via.table].relations[via.relation];
        Data { table: relation.target, checked, without: Some(relation.back) }
    }

    /// May the column be set where the data are of this kind?
    fn has_column(&self, data: Data, number: usize) -> bool {
        let table = &self.description.tables[data.table];
        let holds = |relation: usize| {
            let key = table.relations[relation].foreign_key.as_ref();
            key.is_some_and(|key| key.columns.contains(&number))
        };
        match data.checked {
            true => !(0..table.relations.len()).any(holds),
            false => !data.without.is_some_and(holds),
        }
    }

    fn columns(&self, data: Data) -> impl Iterator<Item = &Column> {
        let columns = self.description.tables[data.table].columns.iter().enumerate();
        columns.filter(move |(at, _)| self.has_column(data, *at)).map(|(_, column)| column)
    }

    /// The relation fields that data of this kind have.
    fn relations(&self, data: Data) -> impl Iterator<Item = usize> {
        let relations = self.description.tables[data.table].relations.iter().enumerate();
        relations
            .filter(move |(at, own)| {
                Some(*at) != data.without && (data.checked || own.foreign_key.is_none())
            })
            .map(|(at, _)| at)
    }

    fn create_fields(&self, data: Data, relations: bool) -> Vec<InField> {
        let mut fields: Vec<InField> = self
            .columns(data)
            .map(|column| InField {
                name: column.name.clone(),
                types: create_types_of(column),
                required: column.required(),
            })
            .collect();
        let table = &self.description.tables[data.table];
        for number in self.relations(data).filter(|_| relations) {
            let own = &table.relations[number];
            let via = Via { table: data.table, relation: number };
            fields.push(InField {
                name: own.name.clone(),
                types: vec![In::Object(Obj::NestedCreate(via, !data.checked && own.list))],
                required: own.foreign_key.is_some() && !own.nullable,
            });
        }
        fields
    }

    fn update_fields(&self, data: Data, relations: bool) -> Vec<InField> {
        let columns = self.columns(data);
        let mut fields: Vec<InField> =
            columns.map(|column| optional(&column.name, update_types_of(column))).collect();
        let table = &self.description.tables[data.table];
        for number in self.relations(data).filter(|_| relations) {
            let own = &table.relations[number];
            let via = Via { table: data.table, relation: number };
            let nested = Obj::NestedUpdate(via, !data.checked);
            fields.push(optional(&own.name, vec![In::Object(nested)]));
        }
        fields
    }

    /// What a new row under a relation field may be.
    fn create_types(&self, via: Via) -> Vec<In> {
        [true, false].map(|checked| In::Object(Obj::Create(self.nested(via, checked)))).into()
    }

    /// What the changes to a row under a relation field may be.
    fn update_types(&self, via: Via) -> Vec<In> {
        [true, false].map(|checked| In::Object(Obj::Update(self.nested(via, checked)))).into()
    }

    fn nested_create_fields(&self, via: Via) -> Vec<InField> {
        let unique = Obj::WhereUnique(self.target(via));
        if !self.is_list(via) {
            return vec![
                optional("create", self.create_types(via)),
                optional("connectOrCreate", vec![In::Object(Obj::ConnectOrCreate(via))]),
                optional("connect", vec![In::Object(unique)]),
            ];
        }
        vec![
            optional("create", self.create_list_types(via)),
            optional("connectOrCreate", one_or_many(Obj::ConnectOrCreate(via))),
            optional("createMany", vec![In::Object(Obj::CreateManyEnvelope(via))]),
            optional("connect", one_or_many(unique)),
        ]
    }

    fn create_list_types(&self, via: Via) -> Vec<In> {
        let of = |checked| one_or_many(Obj::Create(self.nested(via, checked)));
        [of(true), of(false)].concat()
    }

    fn nested_update_fields(&self, via: Via) -> Vec<InField> {
        let target = self.target(via);
        let unique = one_or_many(Obj::WhereUnique(target));
        if !self.is_list(via) {
            return self.nested_update_one_fields(via);
        }
        vec![
            optional("create", self.create_list_types(via)),
            optional("connectOrCreate", one_or_many(Obj::ConnectOrCreate(via))),
            optional("upsert", one_or_many(Obj::Upsert(via))),
            optional("createMany", vec![In::Object(Obj::CreateManyEnvelope(via))]),
            optional("set", unique.clone()),
            optional("disconnect", unique.clone()),
            optional("delete", unique.clone()),
            optional("connect", unique),
            optional("update", one_or_many(Obj::UpdateOne(via))),
            optional("updateMany", one_or_many(Obj::UpdateManyWhere(via))),
            optional("deleteMany", one_or_many(Obj::ScalarWhere(target))),
        ]
    }

    fn nested_update_one_fields(&self, via: Via) -> Vec<InField> {
        let target = self.target(via);
        let gone = || vec![In::Scalar(Scalar::Boolean), In::Object(Obj::Where(target))];
        let mut update = vec![In::Object(Obj::UpdateOne(via))];
        update.extend(self.update_types(via));
        let mut fields = vec![
            optional("create", self.create_types(via)),
            optional("connectOrCreate", vec![In::Object(Obj::ConnectOrCreate(via))]),
            optional("upsert", vec![In::Object(Obj::Upsert(via))]),
        ];
        if self.is_nullable(via) {
            fields.push(optional("disconnect", gone()));
            fields.push(optional("delete", gone()));
        }
        fields.push(optional("connect", vec![In::Object(Obj::WhereUnique(target))]));
        fields.push(optional("update", update));
        fields
    }

    fn upsert_fields(&self, via: Via) -> Vec<InField> {
        let target = self.target(via);
        let update = required("update", self.update_types(via));
        let create = required("create", self.create_types(via));
        if self.is_list(via) {
            let unique = required("where", vec![In::Object(Obj::WhereUnique(target))]);
            return vec![unique, update, create];
        }
        vec![update, create, optional("where", vec![In::Object(Obj::Where(target))])]
    }

    fn update_one_fields(&self, via: Via) -> Vec<InField> {
        let target = self.target(via);
        let which = if self.is_list(via) {
            required("where", vec![In::Object(Obj::WhereUnique(target))])
        } else {
            optional("where", vec![In::Object(Obj::Where(target))])
        };
        vec![which, required("data", self.update_types(via))]
    }
}

fn json_types(nullable: bool) -> Vec<In> {
    let null = if nullable { Words::NullableJsonNull } else { Words::JsonNull };
    vec![In::Words(null), In::Scalar(Scalar::Json)]
}

fn create_types_of(column: &Column) -> Vec<In> {
    match column.scalar {
        Scalar::Json => json_types(column.nullable),
        scalar => or_null(vec![value_type(scalar)], column.nullable),
    }
}

fn update_types_of(column: &Column) -> Vec<In> {
    let Column { scalar, nullable, .. } = *column;
    match scalar {
        Scalar::Json => json_types(nullable),
        scalar => {
            let operations = In::Object(Obj::Operations(scalar, nullable));
            or_null(vec![value_type(scalar), operations], nullable)
        }
    }
}

fn operations(scalar: Scalar, nullable: bool) -> Vec<InField> {
    let mut fields = vec![optional("set", or_null(vec![value_type(scalar)], nullable))];
    if matches!(scalar, Scalar::Int | Scalar::Float) {
        let names = ["increment", "decrement", "multiply", "divide"];
        fields.extend(names.map(|name| optional(name, vec![In::Scalar(scalar)])));
    }
    fields
}
