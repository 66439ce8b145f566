//! The app's Next.js configuration.
//!
//! It is a program, which is read here as a text: what is put together in other files is not seen.

use std::path::Path;

use crate::disk;

use super::{Patient, Report};

const CONFIGURATIONS: &[&str] =
    &["next.config.ts", "next.config.mjs", "next.config.js", "next.config.cjs", "next.config.mts"];
/// A longer configuration is none, in bytes.
const LONGEST: u64 = 1 << 20;
const ADD: &str = "write serverExternalPackages: ['quilltap-store'] into it: without that the build fails \
                   with \"is not placeable in ESM chunks\" or \"Module parse failed\"";

pub(super) fn look(patient: &Patient, report: &mut Report) {
    let text = |name: &str| text_of(&patient.app_dir.join(name));
    let Some(package) = text("package.json") else {
        return report.note("next.js", format!("there is no app in {}", patient.app_dir.display()));
    };
    let found = CONFIGURATIONS.iter().find_map(|name| Some((*name, text(name)?)));
    match found {
        None if !package.contains("\"next\"") => report.note("next.js", "the app does not use it"),
        // What is deployed has no configuration of its own any more.
        None if disk::is_standalone(&patient.app_dir) => report
            .good("next.js", "the app is a standalone build, which leaves the package to Node.js"),
        None => report.fault(
            "next.js",
            "the app has no next.config",
            format!("make a next.config.mjs, and {ADD}"),
        ),
        Some((name, text)) => look_at(name, &without_comments(&text), patient, report),
    }
}

fn text_of(path: &Path) -> Option<String> {
    String::from_utf8(disk::read_regular(path, LONGEST).ok()?).ok()
}

fn look_at(name: &str, text: &str, patient: &Patient, report: &mut Report) {
    match externals(text) {
        Externals::Listed => {
            report.good("next.js", format!("{name} leaves the package to Node.js"))
        }
        Externals::Elsewhere => report.note(
            "next.js",
            format!(
                "{name} takes serverExternalPackages from elsewhere; 'quilltap-store' must be in it"
            ),
        ),
        Externals::Missing => report.fault(
            "next.js",
            format!("serverExternalPackages in {name} does not name quilltap-store"),
            ADD,
        ),
    }
    let is_standalone = ["'standalone'", "\"standalone\"", "`standalone`"].iter().any(|word| {
        text.split("output").skip(1).any(|rest| {
            rest.trim_start()
                .strip_prefix(':')
                .is_some_and(|rest| rest.trim_start().starts_with(word))
        })
    });
    if is_standalone && patient.data_dir.is_relative() {
        let message = format!(
            "{name} says output: 'standalone', and the data folder {} is relative: server.js changes into \
             .next/standalone, where it is another one, which the next build removes",
            patient.data_dir.display()
        );
        report.warning(
            "next.js",
            message,
            "give DATA_DIR as an absolute path where the app is deployed",
        );
    }
}

enum Externals {
    Listed,
    /// The list is no list in this text.
    Elsewhere,
    Missing,
}

/// Next 14 and older know the option by its second name.
fn externals(text: &str) -> Externals {
    let names = ["serverExternalPackages", "serverComponentsExternalPackages"];
    let lists = names.iter().flat_map(|name| text.split(name).skip(1));
    let mut found = Externals::Missing;
    for rest in lists {
        let list = rest
            .trim_start()
            .strip_prefix(':')
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix('['));
        match list.and_then(|list| list.split_once(']')) {
            Some((list, _)) if list.contains("quilltap-store") => return Externals::Listed,
            Some((list, _)) if list.contains("...") => found = Externals::Elsewhere,
            Some(_) => {}
            None => found = Externals::Elsewhere,
        }
    }
    found
}

/// A text of JavaScript without its comments. What looks like one in a string goes too, which does no
/// harm here.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("/*") {
        kept += &rest[..at];
        rest = rest[at..].split_once("*/").map_or("", |(_, behind)| behind);
    }
    kept += rest;
    let lines = kept.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}
