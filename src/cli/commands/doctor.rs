//! `doctor`.

use std::path::PathBuf;

use crate::cli::Surroundings;
use crate::cli::arguments::{Doctor, Shared};
use crate::cli::exit::{Ended, Exit};
use crate::cli::folder::{data_dir, database};
use crate::cli::output::{Output, Tone, one_line};
use crate::doctor::{Finding, Level, Patient, examine};

pub(super) fn run(
    doctor: &Doctor,
    shared: &Shared,
    output: &Output,
    around: &Surroundings<'_>,
) -> Ended {
    let report = examine(&Patient {
        data_dir: data_dir(shared),
        database: database(shared),
        app_dir: doctor.app.clone().unwrap_or_else(|| PathBuf::from(".")),
        passphrase: doctor.passphrase.given(around)?,
        passphrase_file: doctor.passphrase.file(),
        runtime: around.runtime.to_owned(),
        trust_shared_folder: shared.trust_shared_folder,
        pretend: doctor.pretend.clone(),
    });
    let lines = || report.findings.iter().map(|finding| told(finding, output)).collect::<Vec<_>>();
    output.answer(&report.json(), || lines().join("\n"))?;
    Ok(Exit::found(!report.is_clean()))
}

fn told(finding: &Finding, output: &Output) -> String {
    let word = match finding.level {
        Level::Good => output.painted("ok     ", Tone::Good),
        Level::Note => "note   ".to_owned(),
        Level::Warning => output.painted("warning", Tone::Warning),
        Level::Fault => output.painted("fault  ", Tone::Bad),
    };
    let first = format!("{word} {}: {}", finding.check, one_line(&finding.message));
    match &finding.advice {
        Some(advice) => format!("{first}\n        what to do: {advice}"),
        None => first,
    }
}
