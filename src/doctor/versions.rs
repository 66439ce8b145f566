//! What runs, and which copies of the package there are.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::json;

use super::{Patient, Report};

const NAME: &str = "quilltap-store";
const OWN: &str = env!("CARGO_PKG_VERSION");
/// The oldest Node.js that the package runs on, as `package.json` says too.
const OLDEST_NODE: (u32, u32) = (20, 17);
/// A longer `package.json` is none, in bytes.
const LONGEST: u64 = 1 << 20;

pub(super) fn look(patient: &Patient, report: &mut Report) {
    look_at_runtime(patient, report);
    look_at_copies(patient, report);
}

fn look_at_runtime(patient: &Patient, report: &mut Report) {
    let target = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let what = format!("{} with the native part {OWN} for {target}", patient.runtime);
    let node = patient.runtime.strip_prefix("node ").and_then(|version| {
        let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
        Some((parts.next()?, parts.next()?))
    });
    let (major, minor) = OLDEST_NODE;
    if node.is_some_and(|version| version < OLDEST_NODE) {
        report.fault("runtime", what, format!("use Node.js {major}.{minor} or newer"));
    } else {
        report.good("runtime", what);
    }
}

/// A copy of the package, or of its native part.
struct Copy {
    place: PathBuf,
    version: String,
}

fn look_at_copies(patient: &Patient, report: &mut Report) {
    let folders = node_modules(&patient.app_dir);
    let copies = copies(&folders);
    let named = |copy: &Copy| format!("{} in {}", copy.version, copy.place.display());
    let list = copies.iter().map(named).collect::<Vec<_>>().join(", ");
    match &*copies {
        [] => report.note("versions", format!("the app in {} has no {NAME} installed", patient.app_dir.display())),
        [copy] if copy.version != OWN => report.warning(
            "versions",
            format!("the app has {}, and this command is of {OWN}", named(copy)),
            "run the command in the app's folder, so that npx takes the app's own",
        ),
        [_] => report.good("versions", list),
        _ => report.fault(
            "versions",
            format!("there are {} copies of the package: {list}", copies.len()),
            "let there be one, of one version: npm dedupe, or `overrides` in package.json; see who wants \
             which by npm ls quilltap-store",
        ),
    }
    for copy in &copies {
        for native in
            natives(&copy.place).into_iter().filter(|native| native.version != copy.version)
        {
            let message =
                format!("the native part is {}, and the package {}", named(&native), copy.version);
            report.fault("versions", message, "remove node_modules and install again");
        }
    }
}

/// The `node_modules` in which an app finds its packages.
fn node_modules(app_dir: &Path) -> Vec<PathBuf> {
    let app_dir = std::path::absolute(app_dir).unwrap_or_else(|_| app_dir.to_owned());
    app_dir.ancestors().map(|folder| folder.join("node_modules")).collect()
}

fn copies(folders: &[PathBuf]) -> Vec<Copy> {
    let mut found: Vec<Copy> = Vec::new();
    for folder in folders {
        let packages = packages_in(folder).into_iter().map(|package| package.join("node_modules"));
        let pnpm = disk::names_in(&folder.join(".pnpm"));
        let pnpm = pnpm.iter().map(|name| folder.join(".pnpm").join(name).join("node_modules"));
        for place in std::iter::once(folder.clone()).chain(packages).chain(pnpm) {
            let copy = copy_at(&disk::without_links(&place.join(NAME)));
            found.extend(copy.filter(|copy| found.iter().all(|other| other.place != copy.place)));
        }
    }
    found
}

/// The packages in a `node_modules`, scoped ones too.
fn packages_in(folder: &Path) -> Vec<PathBuf> {
    let names = disk::names_in(folder);
    let inner = |name: &String| match name.strip_prefix('@') {
        None => vec![folder.join(name)],
        Some(_) => {
            let scope = folder.join(name);
            disk::names_in(&scope).iter().map(|name| scope.join(name)).collect()
        }
    };
    names.iter().flat_map(inner).collect()
}

fn copy_at(place: &Path) -> Option<Copy> {
    let text = disk::read_regular(&place.join("package.json"), LONGEST).ok()?;
    let package = json::parse_bytes(&text).ok()?;
    let version = package["version"].as_str()?.to_owned();
    Some(Copy { place: place.to_owned(), version })
}

/// The packages of native parts beside a copy.
fn natives(place: &Path) -> Vec<Copy> {
    let Some(beside) = place.parent() else { return Vec::new() };
    let names = disk::names_in(beside).into_iter();
    let native = names.filter(|name| {
        ["linux", "darwin", "win32"]
            .iter()
            .any(|system| name.starts_with(&format!("{NAME}-{system}-")))
    });
    native.filter_map(|name| copy_at(&beside.join(name))).collect()
}
