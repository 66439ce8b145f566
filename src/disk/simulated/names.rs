//! The names on the simulated disk, and the changes of them that were not synced.
//!
//! Changes of one folder become durable in their order, so a crash keeps some first ones;
//! folders are independent of each other. A rename within a folder is one change. From one
//! folder to another it is two, a new name and a name gone, each durable with its own folder:
//! a crash may leave both names (then with a copy each) or neither.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::outcome::Chooser;

/// The number of the data folder.
const ROOT: u64 = 0;

/// What a name stands for: a file or a folder, by its number. A folder that is made anew has
/// another number than the one of that name before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    File(u64),
    Folder(u64),
}

/// The names in a folder.
type Entries = BTreeMap<String, Node>;

/// A change of the names in one folder.
#[derive(Debug, Clone)]
enum NameChange {
    Set(String, Node),
    Move(String, String),
    Gone(String),
}

impl NameChange {
    fn apply(&self, entries: &mut Entries) {
        match self {
            NameChange::Set(name, node) => drop(entries.insert(name.clone(), *node)),
            NameChange::Move(from, to) => {
                let node = entries.remove(from).expect("changes are applied in their order");
                entries.insert(to.clone(), node);
            }
            NameChange::Gone(name) => drop(entries.remove(name)),
        }
    }
}

/// The names of each folder, by its number.
#[derive(Debug, Clone, Default)]
struct Tree(HashMap<u64, Entries>);

impl Tree {
    fn entries(&mut self, folder: u64) -> &mut Entries {
        self.0.entry(folder).or_default()
    }

    fn files(&self) -> impl Iterator<Item = u64> {
        self.0.values().flat_map(Entries::values).filter_map(file_number)
    }
}

fn file_number(node: &Node) -> Option<u64> {
    match node {
        Node::File(number) => Some(*number),
        Node::Folder(_) => None,
    }
}

/// The names as a reader sees them, and as they are on the platter.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    now: Tree,
    durable: Tree,
    /// Each with the folder whose sync makes it durable.
    pending: Vec<(u64, NameChange)>,
    /// The number of the youngest folder.
    youngest: u64,
}

impl Names {
    /// What a path stands for now; the data folder is `.`.
    pub(super) fn find(&self, path: &str) -> Option<Node> {
        if path == "." {
            return Some(Node::Folder(ROOT));
        }
        let step = |above: Option<Node>, name: &str| match above? {
            Node::Folder(number) => self.now.0.get(&number)?.get(name).copied(),
            Node::File(_) => None,
        };
        path.split('/').fold(Some(Node::Folder(ROOT)), step)
    }

    pub(super) fn folder(&self, path: &str) -> Option<u64> {
        match self.find(path)? {
            Node::Folder(number) => Some(number),
            Node::File(_) => None,
        }
    }

    /// The folder that holds what has this path, and its name there.
    fn place<'a>(&self, path: &'a str) -> Option<(u64, &'a str)> {
        let (above, name) = path.rsplit_once('/').unwrap_or((".", path));
        Some((self.folder(above)?, name))
    }

    /// Is there a folder for this path?
    pub(super) fn has_place(&self, path: &str) -> bool {
        self.place(path).is_some()
    }

    /// The names in a folder now, sorted; none when it is not there.
    pub(super) fn list(&self, dir: &str) -> impl Iterator<Item = (&String, &Node)> {
        self.folder(dir).and_then(|number| self.now.0.get(&number)).into_iter().flatten()
    }

    /// Every file now, by its path.
    pub(super) fn files(&self) -> BTreeMap<String, u64> {
        let mut found = BTreeMap::new();
        self.collect(".", &mut found);
        found
    }

    fn collect(&self, dir: &str, found: &mut BTreeMap<String, u64>) {
        for (name, node) in self.list(dir) {
            let path = if dir == "." { name.clone() } else { format!("{dir}/{name}") };
            match node {
                Node::File(number) => drop(found.insert(path, *number)),
                Node::Folder(_) => self.collect(&path, found),
            }
        }
    }

    /// The files that a name stands for, or may stand for after a crash.
    pub(super) fn reachable(&self) -> BTreeSet<u64> {
        let pending = self.pending.iter().filter_map(|(_, change)| match change {
            NameChange::Set(_, node) => file_number(node),
            _ => None,
        });
        self.now.files().chain(self.durable.files()).chain(pending).collect()
    }

    fn change(&mut self, folder: u64, change: NameChange) {
        change.apply(self.now.entries(folder));
        self.pending.push((folder, change));
    }

    pub(super) fn set(&mut self, path: &str, node: Node) {
        let Some((folder, name)) = self.place(path) else {
            return;
        };
        self.change(folder, NameChange::Set(name.to_owned(), node));
    }

    /// Lets a name be durable at once, unless other changes of its folder wait: it cannot
    /// overtake them.
    pub(super) fn settle(&mut self, path: &str, node: Node) {
        let Some((folder, name)) = self.place(path) else {
            return;
        };
        let waits = self.pending.iter().any(|(other, _)| *other == folder);
        self.change(folder, NameChange::Set(name.to_owned(), node));
        if !waits {
            self.sync_number(folder);
        }
    }

    /// A number for a new folder.
    pub(super) fn new_folder(&mut self) -> Node {
        self.youngest += 1;
        Node::Folder(self.youngest)
    }

    pub(super) fn remove(&mut self, path: &str) {
        let Some((folder, name)) = self.place(path) else {
            return;
        };
        self.change(folder, NameChange::Gone(name.to_owned()));
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let (Some((old, from_name)), Some((new, to_name))) = (self.place(from), self.place(to))
        else {
            return;
        };
        if old == new {
            return self.change(old, NameChange::Move(from_name.to_owned(), to_name.to_owned()));
        }
        if let Some(node) = self.find(from) {
            self.change(new, NameChange::Set(to_name.to_owned(), node));
            self.change(old, NameChange::Gone(from_name.to_owned()));
        }
    }

    pub(super) fn sync(&mut self, dir: &str) {
        if let Some(folder) = self.folder(dir) {
            self.sync_number(folder);
        }
    }

    fn sync_number(&mut self, folder: u64) {
        let all = std::mem::take(&mut self.pending);
        let (synced, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(of, _)| *of == folder);
        self.pending = rest;
        let entries = self.durable.entries(folder);
        synced.iter().for_each(|(_, change)| change.apply(entries));
    }

    /// What the next start finds: of each folder's changes some first ones, and of a folder
    /// that is lost nothing.
    pub(super) fn after_crash(&self, chooser: &mut Chooser) -> Names {
        let mut tree = Tree::default();
        let mut folders = vec![ROOT];
        while let Some(folder) = folders.pop() {
            let entries = self.entries_after_crash(folder, chooser);
            folders.extend(entries.values().filter_map(|node| match node {
                Node::Folder(number) => Some(*number),
                Node::File(_) => None,
            }));
            tree.0.insert(folder, entries);
        }
        let youngest = self.youngest;
        Names { now: tree.clone(), durable: tree, pending: Vec::new(), youngest }
    }

    fn entries_after_crash(&self, folder: u64, chooser: &mut Chooser) -> Entries {
        let mut entries = self.durable.0.get(&folder).cloned().unwrap_or_default();
        let waiting: Vec<_> = self.pending.iter().filter(|(of, _)| *of == folder).collect();
        if !waiting.is_empty() {
            let kept = waiting.len() - chooser.choose(waiting.len() + 1);
            waiting[..kept].iter().for_each(|(_, change)| change.apply(&mut entries));
        }
        entries
    }
}
