//! The names under which Prisma gives the generic types to the models: `Prisma.UserWhereInput`.

use std::fmt::Write;

use super::super::description::{Description, Relation, Table};
use super::models::{compound_keys, scalar_names};
use super::{capitalized, union};

/// Of every model M: the name's end, and the type.
const OF_A_MODEL: &[(&str, &str)] = &[
    ("Select", "Select<'M'>"),
    ("SelectScalar", "{ [K in keyof Scalars<'M'>]?: boolean }"),
    ("SelectCreateManyAndReturn", "NonNullable<ReturnArgs<'M'>['select']>"),
    ("SelectUpdateManyAndReturn", "NonNullable<ReturnArgs<'M'>['select']>"),
    ("Include", "Include<'M'>"),
    ("IncludeCreateManyAndReturn", "NonNullable<ReturnArgs<'M'>['include']>"),
    ("IncludeUpdateManyAndReturn", "NonNullable<ReturnArgs<'M'>['include']>"),
    ("Omit", "OmitInput<'M'>"),
    ("WhereInput", "WhereInput<'M'>"),
    ("WhereUniqueInput", "WhereUniqueInput<'M'>"),
    ("ScalarWhereInput", "ScalarWhereInput<'M'>"),
    ("ScalarWhereWithAggregatesInput", "HavingInput<'M'>"),
    ("OrderByWithRelationInput", "OrderByInput<'M'>"),
    ("OrderByWithAggregationInput", "OrderByAggregation<'M'>"),
    ("ListRelationFilter", "ListFilter<'M'>"),
    ("ScalarRelationFilter", "OneFilter<'M', never>"),
    ("NullableScalarRelationFilter", "OneFilter<'M', null>"),
    ("OrderByRelationAggregateInput", "{ _count?: SortOrder }"),
    ("CreateInput", "CreateInput<'M'>"),
    ("UncheckedCreateInput", "UncheckedCreateInput<'M'>"),
    ("CreateManyInput", "CreateManyInput<'M'>"),
    ("UpdateInput", "UpdateInput<'M'>"),
    ("UncheckedUpdateInput", "UncheckedUpdateInput<'M'>"),
    ("UpdateManyMutationInput", "UpdateManyMutation<'M'>"),
    ("UncheckedUpdateManyInput", "UncheckedUpdateMany<'M'>"),
    ("DefaultArgs", "OneArgs<'M'>"),
    ("FindUniqueArgs", "UniqueArgs<'M'>"),
    ("FindUniqueOrThrowArgs", "UniqueArgs<'M'>"),
    ("FindFirstArgs", "ManyArgs<'M'>"),
    ("FindFirstOrThrowArgs", "ManyArgs<'M'>"),
    ("FindManyArgs", "ManyArgs<'M'>"),
    ("CreateArgs", "CreateArgs<'M'>"),
    ("CreateManyArgs", "CreateManyArgs<'M'>"),
    ("CreateManyAndReturnArgs", "CreateManyAndReturnArgs<'M'>"),
    ("UpdateArgs", "UpdateArgs<'M'>"),
    ("UpdateManyArgs", "UpdateManyArgs<'M'>"),
    ("UpdateManyAndReturnArgs", "UpdateManyAndReturnArgs<'M'>"),
    ("UpsertArgs", "UpsertArgs<'M'>"),
    ("DeleteArgs", "UniqueArgs<'M'>"),
    ("DeleteManyArgs", "DeleteManyArgs<'M'>"),
    ("CountArgs", "CountArgs<'M'>"),
    ("AggregateArgs", "AggregateArgs<'M'>"),
    ("GroupByArgs", "GroupByArgs<'M'>"),
    ("CountAggregateInputType", "CountSelect<'M'>"),
    ("MinAggregateInputType", "NonNullable<AggregateSelection<'M'>['_min']>"),
    ("MaxAggregateInputType", "NonNullable<AggregateSelection<'M'>['_max']>"),
    ("AvgAggregateInputType", "NonNullable<AggregateSelection<'M'>['_avg']>"),
    ("SumAggregateInputType", "NonNullable<AggregateSelection<'M'>['_sum']>"),
    ("CountOrderByAggregateInput", "NonNullable<OrderByAggregation<'M'>['_count']>"),
    ("MinOrderByAggregateInput", "NonNullable<OrderByAggregation<'M'>['_min']>"),
    ("MaxOrderByAggregateInput", "NonNullable<OrderByAggregation<'M'>['_max']>"),
    ("AvgOrderByAggregateInput", "NonNullable<OrderByAggregation<'M'>['_avg']>"),
    ("SumOrderByAggregateInput", "NonNullable<OrderByAggregation<'M'>['_sum']>"),
    ("CountOutputType", "{ [K in Lists<'M'>]: number }"),
    ("CountAggregateOutputType", "{ [K in keyof Scalars<'M'> | '_all']: number }"),
    ("MinAggregateOutputType", "{ [K in Sortable<'M'>]: Scalars<'M'>[K] | null }"),
    ("MaxAggregateOutputType", "{ [K in Sortable<'M'>]: Scalars<'M'>[K] | null }"),
    ("AvgAggregateOutputType", "{ [K in Numbers<'M'>]: number | null }"),
    ("SumAggregateOutputType", "{ [K in Numbers<'M'>]: number | null }"),
    ("Delegate", "Delegate<'M'>"),
];

/// Of the model T that a relation leads to, where B (`b`) leads back. `?` is `Unchecked` or nothing.
const OF_A_RELATION: &[(&str, &str)] = &[
    ("T?CreateWithoutBInput", "?CreateInput<'T', 'b'>"),
    ("T?UpdateWithoutBInput", "?UpdateInput<'T', 'b'>"),
    ("TCreateOrConnectWithoutBInput", "CreateOrConnect<'T', 'b'>"),
];
const TO_MANY: &[(&str, &str)] = &[
    ("T?CreateNestedManyWithoutBInput", "NestedCreateMany<'T', 'b'>"),
    ("T?UpdateManyWithoutBNestedInput", "NestedUpdateMany<'T', 'b'>"),
    ("TUncheckedUpdateManyWithoutBInput", "UncheckedUpdateMany<'T', 'b'>"),
    ("TCreateManyBInput", "CreateManyInput<'T', 'b'>"),
    ("TCreateManyBInputEnvelope", "CreateManyEnvelope<'T', 'b'>"),
    ("TUpsertWithWhereUniqueWithoutBInput", "UpsertOneOf<'T', 'b'>"),
    ("TUpdateWithWhereUniqueWithoutBInput", "UpdateOneOf<'T', 'b'>"),
    ("TUpdateManyWithWhereWithoutBInput", "UpdateManyOf<'T', 'b'>"),
];
const TO_ONE: &[(&str, &str)] = &[
    ("T?CreateNestedOneWithoutBInput", "NestedCreateOne<'T', 'b'>"),
    ("TUpdateToOneWithWhereWithoutBInput", "UpdateOneWhere<'T', 'b'>"),
    ("TUpsertWithoutBInput", "UpsertOne<'T', 'b'>"),
];
const TO_ONE_REQUIRED: &[(&str, &str)] =
    &[("T?UpdateOneRequiredWithoutBNestedInput", "NestedUpdateOne<'T', 'b'>")];
const TO_ONE_OPTIONAL: &[(&str, &str)] =
    &[("T?UpdateOneWithoutBNestedInput", "NestedUpdateOptional<'T', 'b'>")];

/// Of every enumeration and scalar type E: the name, and the type of its values.
const OF_A_TYPE: &[(&str, &str)] = &[
    ("EFilter", "FilterOf<V>"),
    ("NestedEFilter", "FilterOf<V>"),
    ("ENullableFilter", "FilterOf<V | null>"),
    ("NestedENullableFilter", "FilterOf<V | null>"),
    ("EWithAggregatesFilter", "Aggregated<V, V>"),
    ("ENullableWithAggregatesFilter", "Aggregated<V | null, V>"),
    ("EFieldUpdateOperationsInput", "SetOf<V>"),
    ("NullableEFieldUpdateOperationsInput", "SetOf<V | null>"),
];
const SCALARS: &[(&str, &str)] =
    &[("String", "string"), ("Int", "number"), ("Bool", "boolean"), ("DateTime", "Date")];

/// The part of the namespace that differs from schema to schema.
pub(super) fn namespace(description: &Description) -> String {
    let mut text = "export declare namespace Prisma {\n".to_owned();
    let models: Vec<&str> = description.tables.iter().map(|table| table.name.as_str()).collect();
    let _ = writeln!(text, "  type ModelName = {}", union(&models));
    text.push_str("  const ModelName: { [M in ModelName]: M }\n");
    push_types(&mut text, description);
    for table in &description.tables {
        push_model(&mut text, table);
        for relation in &table.relations {
            push_relation(&mut text, description, relation);
        }
    }
    text.push_str("}\n");
    text
}

fn push_types(text: &mut String, description: &Description) {
    let scalars = SCALARS.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned()));
    let names = description.enums.iter().map(|enumeration| &enumeration.name);
    let enums = names.map(|name| (format!("Enum{name}"), format!("$Enums.{name}")));
    for (name, of) in scalars.chain(enums) {
        for (pattern, kind) in OF_A_TYPE {
            let _ = writeln!(
                text,
                "  type {} = {}",
                pattern.replace('E', &name),
                kind.replace('V', &of)
            );
        }
    }
}

fn push_model(text: &mut String, table: &Table) {
    let name = &table.name;
    let _ = writeln!(text, "\n  type {name}GetPayload<A = {{}}> = PayloadOf<'{name}', A>");
    for (end, of) in OF_A_MODEL {
        // What is added to the models by extensions follows from the client; these are without.
        let _ = writeln!(text, "  type {name}{end} = {}", of.replace("'M'", &format!("'{name}'")));
    }
    for (key, of) in compound_keys(table) {
        let _ = writeln!(text, "  type {key} = {of}");
    }
    let fields = scalar_names(table);
    let _ = writeln!(text, "  type {name}ScalarFieldEnum = {}", fields.join(" | "));
    let _ = writeln!(text, "  const {name}ScalarFieldEnum: {{ [F in {name}ScalarFieldEnum]: F }}");
}

fn push_relation(text: &mut String, description: &Description, relation: &Relation) {
    let target = &description.tables[relation.target];
    let back = &target.relations[relation.back].name;
    let end = match (relation.list, relation.nullable) {
        (true, _) => [TO_MANY, &[]],
        (false, true) => [TO_ONE, TO_ONE_OPTIONAL],
        (false, false) => [TO_ONE, TO_ONE_REQUIRED],
    };
    for (name, of) in [OF_A_RELATION, end[0], end[1]].concat() {
        let sides: &[&str] = if name.contains('?') { &["", "Unchecked"] } else { &[""] };
        for side in sides {
            let of = of.replace('?', side).replace("'T'", &format!("'{}'", target.name));
            let of = of.replace("'b'", &format!("'{back}'"));
            let _ =
                writeln!(text, "  type {} = {of}", relation_name(name, side, &target.name, back));
        }
    }
}

/// Fills a name in, piece by piece: a model's name may itself hold a T or a B.
fn relation_name(pattern: &str, side: &str, target: &str, back: &str) -> String {
    let rest = pattern.strip_prefix('T').unwrap_or(pattern).replace('?', side);
    let (before, after) = split_back(&rest);
    format!("{target}{before}{}{after}", capitalized(back))
}

/// The parts around the B: it stands before the end, which begins with `Input` or `NestedInput`.
fn split_back(rest: &str) -> (&str, &str) {
    let end = ["BNestedInput", "BInputEnvelope", "BInput"].iter().find_map(|end| rest.find(end));
    end.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]))
}
