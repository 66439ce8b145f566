//! Places where a data folder does not last, because a build, an installation or a deployment
//! makes them anew.

use std::path::{Path, PathBuf};

/// Folders that are made anew with everything in them, and by what.
const REPLACED: &[(&str, &str)] = &[
    (".next", "the next build"),
    (".output", "the next build"),
    (".vercel", "the next build"),
    ("node_modules", "the next installation"),
];
/// What the root of a Next.js project has, and what is deployed of it as `standalone` has not.
const PROJECT: &[&str] = &["next.config.ts", "next.config.mjs", "next.config.js"];
const ADVICE: &str = "give dataDir or DATA_DIR as an absolute path outside of it";

/// What the owner of a data folder should know about its place. `meant` are the folders that its
/// name stood for where the process was started, before it changed its working folder.
pub fn misplaced(data_dir: &Path, meant: &[PathBuf]) -> Option<String> {
    let shown = data_dir.display();
    let parts: Vec<&str> = data_dir.iter().filter_map(|part| part.to_str()).collect();
    if let Some((name, by)) = REPLACED.iter().find(|(name, _)| parts.contains(name)) {
        return Some(format!("{shown} lies in {name}, which {by} makes anew: {ADVICE}"));
    }
    if let Some(other) = meant.iter().find(|other| is_store(other) && !is_same(other, data_dir)) {
        return Some(format!(
            "{shown} is opened, but there is a store in {} too, where the app was started: the \
             server has changed its working folder; give dataDir or DATA_DIR as an absolute path",
            other.display()
        ));
    }
    let deployed = data_dir.parent().filter(|above| is_standalone(above))?;
    let message = format!(
        "{shown} lies in a standalone build ({}), which the next deployment replaces: {ADVICE}",
        deployed.display()
    );
    (!is_mounted(data_dir, deployed)).then_some(message)
}

fn is_store(folder: &Path) -> bool {
    folder.join("settings/general.json").exists() || folder.join("journal").is_dir()
}

/// A shell keeps the links in the path of the folder that it is in.
fn is_same(folder: &Path, other: &Path) -> bool {
    let real = |folder: &Path| folder.canonicalize().ok();
    real(folder) == real(other)
}

/// Is it what `next build` makes with `output: 'standalone'`, wherever that was moved to?
pub(crate) fn is_standalone(folder: &Path) -> bool {
    folder.join("server.js").exists()
        && folder.join(".next/BUILD_ID").exists()
        && !PROJECT.iter().any(|name| folder.join(name).exists())
}

/// Does the folder lie on a volume of its own, which outlasts what it is mounted in?
#[cfg(unix)]
fn is_mounted(folder: &Path, above: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |folder: &Path| folder.metadata().ok().map(|about| about.dev());
    device(folder) != device(above)
}

#[cfg(windows)]
fn is_mounted(_folder: &Path, _above: &Path) -> bool {
    false
}
