//! Which source file uses which: `use` trees, groups and re-exports, and paths in the code.

use std::collections::{BTreeMap, BTreeSet};

/// A path in the crate, in its parts.
type Path = Vec<String>;

/// The source files by their modules, and what each of them uses.
pub(crate) struct Uses {
    /// The module of each file, and the file.
    files: BTreeMap<Path, String>,
    /// What a module gives on under a name of its own.
    exports: BTreeMap<(Path, String), Path>,
    used: BTreeMap<Path, Vec<Path>>,
}

fn module_of(file: &str) -> Path {
    let mut parts: Path = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The paths of a `use` tree: `a::{b, c::{d, e}}` are three.
fn paths_of(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut start, mut paths) = (0, 0, Vec::new());
    for (at, character) in group.char_indices().chain([(group.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[start..at].trim();
                if !part.is_empty() {
                    paths.extend(paths_of(part).iter().map(|path| format!("{before}{path}")));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// The paths that begin with `crate::` or `super::` in the code itself.
fn paths_in(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
            if code[..at].ends_with(is_path) {
                continue;
            }
            let path = code[at..].split(|c: char| !is_path(c)).next().unwrap_or_default();
            paths.push(path.trim_end_matches(':').to_owned());
        }
    }
    paths
}

impl Uses {
    /// Reads the files, each a path from `src/` and a text without tests.
    pub(crate) fn of(files: &[(String, String)]) -> Uses {
        let modules = files.iter().map(|(file, _)| (module_of(file), file.clone())).collect();
        let mut all = Uses { files: modules, exports: BTreeMap::new(), used: BTreeMap::new() };
        for (file, text) in files {
            let code: Vec<&str> =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            all.read(&module_of(file), &code.join("\n"));
        }
        all
    }

    fn read(&mut self, module: &Path, code: &str) {
        let mut used = Vec::new();
        let mut rest = String::new();
        for statement in code.split_inclusive([';', '}']) {
            // A group of a `use` tree ends with a brace: the statement goes on behind it.
            rest.push_str(statement);
            let open = rest.rfind("use ").filter(|at| {
                let before = rest[..*at].rsplit('\n').next().unwrap_or_default().trim();
                before.is_empty() || before.starts_with("pub")
            });
            let Some(at) = open.filter(|_| statement.ends_with(';')) else { continue };
            let tree = rest[at + 4..].trim_end_matches(';').split_whitespace();
            let tree = tree.collect::<Vec<_>>().join(" ");
            let is_export = rest[..at].rsplit('\n').next().is_some_and(|line| line.contains("pub"));
            let paths = paths_of(&tree);
            let paths: Vec<Path> =
                paths.iter().filter_map(|path| self.absolute(module, path)).collect();
            for path in paths {
                match path.last().filter(|_| is_export).cloned() {
                    Some(name) => drop(self.exports.insert((module.clone(), name), path)),
                    None => used.push(path),
                }
            }
            rest.truncate(at);
            used.extend(paths_in(&rest).iter().filter_map(|path| self.absolute(module, path)));
            rest.clear();
        }
        used.extend(paths_in(&rest).iter().filter_map(|path| self.absolute(module, path)));
        self.used.insert(module.clone(), used);
    }

    /// A path from the crate's root on; `None` for one of another crate.
    fn absolute(&self, module: &Path, path: &str) -> Option<Path> {
        let parts: Vec<&str> = path.split("::").map(str::trim).collect();
        let supers = parts.iter().take_while(|part| **part == "super").count();
        let base = match parts[0] {
            "crate" => return Some(parts[1..].iter().map(|part| (*part).to_owned()).collect()),
            "super" => &module[..module.len().saturating_sub(supers)],
            "self" => module,
            child => {
                let child: Path = module.iter().cloned().chain([child.to_owned()]).collect();
                self.files.contains_key(&child).then_some(())?;
                module
            }
        };
        let rest = parts.iter().skip(supers + usize::from(parts[0] == "self"));
        Some(base.iter().cloned().chain(rest.map(|part| (*part).to_owned())).collect())
    }

    /// The file that a path leads to, through whatever gives it on.
    fn file(&self, path: &Path) -> Option<&str> {
        let lengths = (0..=path.len()).rev();
        let module = lengths.map(|len| &path[..len]).find(|it| self.files.contains_key(*it))?;
        let export = path.get(module.len()).map(|name| (module.to_vec(), name.clone()));
        match export.and_then(|export| self.exports.get(&export)) {
            Some(next) if next != path => {
                let behind = path[module.len() + 1..].iter().cloned();
                self.file(&next.iter().cloned().chain(behind).collect())
            }
            _ => self.files.get(module).map(String::as_str),
        }
    }

    /// Each file with the files that it uses.
    pub(crate) fn all(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let used = |(module, paths): (&Path, &Vec<Path>)| {
            let own = self.files.get(module)?.as_str();
            let files = paths.iter().filter_map(|path| self.file(path));
            Some((own, files.filter(|file| *file != own).collect()))
        };
        self.used.iter().filter_map(|(module, paths)| used((module, paths))).collect()
    }
}
