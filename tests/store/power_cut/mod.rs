//! A real ext4 whose power is cut: the image behind its loop device is copied between two
//! operations, mounted elsewhere, and looked at.
//!
//! The store on it must keep its promise, and the simulated disk must allow every state that is
//! found. Mounting needs root and a loop device; where the machine has none, the tests say so and
//! are skipped. `QUILLTAP_POWER_CUTS` makes them cut at each operation in so many rounds.

mod ext4;
mod watched;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use quilltap_store::disk::{Access, Disk, DiskFile, RealDisk, SafePath, SimulatedDisk};
use quilltap_store::store::{Options, Store};

use crate::crash::scenarios;
use crate::crash::step::{self, Dump, Step, difference};
use ext4::Mounted;
use watched::{Before, Watched};

/// How ext4 may be mounted: with data before names, without, and without its care for renames.
const MOUNTS: [&str; 3] = ["data=ordered", "data=writeback", "data=writeback,noauto_da_alloc"];

/// A small generator of pseudo-random numbers (splitmix64).
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, of: usize) -> usize {
        let mut x = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) % of as u64) as usize
    }
}

/// Rounds of a long run; none in a usual one.
fn rounds() -> Option<u64> {
    std::env::var("QUILLTAP_POWER_CUTS").ok().and_then(|text| text.parse().ok())
}

/// Every file beneath a folder.
fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("beneath").display().to_string();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// The system writes what it likes when it likes: at times, one file or all that is in memory.
fn write_back(data: &Path, dice: &Dice) {
    match dice.roll(8) {
        0 => {
            let names: Vec<PathBuf> = files_in(data).into_keys().map(|n| data.join(n)).collect();
            if !names.is_empty() {
                let _ = File::open(&names[dice.roll(names.len())]).and_then(|f| f.sync_all());
            }
        }
        1 => drop(File::open(data).map(rustix::fs::syncfs)),
        _ => {}
    }
}

/// Runs `test` on a new file system, or says why not.
fn on_ext4(options: &str, test: impl FnOnce(&Path, Arc<Mounted>)) {
    let folder = tempfile::tempdir().expect("a folder");
    match Mounted::new(folder.path(), options) {
        Err(why) => println!("skipped, this machine mounts no ext4: {why}"),
        Ok(mounted) => test(folder.path(), Arc::new(mounted)),
    }
}

fn open(data: &Path, before: Before) -> Store {
    let disk = Watched { disk: RealDisk::open(data).expect("a folder"), before };
    let store = Store::open_on(Arc::new(disk), &Options::new("unused")).expect("it opens");
    store.hold_clock(1_780_000_000_000);
    store.hold_files();
    store
}

/// What a store holds after a power cut; the image is checked and goes away.
fn after_power_cut(image: PathBuf, options: &str) -> Result<Dump, String> {
    let copy = image.with_extension("checked");
    fs::copy(&image, &copy).map_err(|e| e.to_string())?;
    ext4::check(&copy)?;
    fs::remove_file(&copy).map_err(|e| e.to_string())?;
    let mounted = Mounted::of(image.clone(), image.with_extension("mounted"), options)?;
    let store = open(&mounted.data(), Arc::new(|| {}));
    let found = step::dump(&store);
    store.close().map_err(|e| e.to_string())?;
    drop(mounted);
    fs::remove_file(&image).map_err(|e| e.to_string())?;
    Ok(found)
}

/// Runs a scenario, cutting the power at one in `every` operations; gives how many cuts.
fn cut_everywhere(name: &str, steps: &[Step], options: &str, every: usize, seed: u64) {
    on_ext4(options, |folder, mounted| {
        let cuts: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
        let (sink, device) = (Arc::clone(&cuts), Arc::clone(&mounted));
        let (dice, number) = (Dice(AtomicU64::new(seed)), AtomicU64::new(0));
        let place = folder.to_owned();
        let before: Before = Arc::new(move || {
            write_back(&device.data(), &dice);
            if dice.roll(every) == 0 {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let image = place.join(format!("cut{number}"));
                device.power_cut(&image).expect("a copy");
                sink.lock().expect("no holder panics").push(image);
            }
        });
        let mut store = open(&mounted.data(), Arc::clone(&before));
        let mut states = vec![step::dump(&store)];
        let mut looked = 0;
        for step in steps {
            let acknowledged = states.len() - 1;
            match step {
                Step::Call(call) => step::call(&store, call).expect("it is taken"),
                Step::Transaction(calls) => {
                    step::transaction(&store, calls).expect("it is taken");
                }
                // Their order on the disk is theirs alone: here one by one.
                Step::Together(calls) => {
                    for call in calls {
                        step::call(&store, call).expect("it is taken");
                        states.push(step::dump(&store));
                    }
                }
                Step::Flush | Step::Switch => store.flush_now().expect("it is written"),
                Step::Plant(_) | Step::Edit(..) => unreachable!("nobody edits here"),
                Step::Compact => store.compact_now().expect("it is compacted"),
                Step::Reopen | Step::Kill => {
                    store.close().expect("it closes");
                    store = open(&mounted.data(), Arc::clone(&before));
                }
            }
            if matches!(step, Step::Call(_) | Step::Transaction(_)) {
                states.push(step::dump(&store));
            }
            for image in std::mem::take(&mut *cuts.lock().expect("no holder panics")) {
                looked += 1;
                let found = after_power_cut(image, options)
                    .unwrap_or_else(|e| panic!("{name}, {options}, seed {seed}: {e}"));
                let may = &states[acknowledged..];
                assert!(
                    may.contains(&found),
                    "{name}, {options}, seed {seed}, cut {looked}, {step:?}:\n{}",
                    difference(&found, &may[0], String::clone)
                );
            }
        }
        store.close().expect("it closes");
        println!("{name}, {options}, seed {seed}: {looked} power cuts");
    });
}

#[test]
fn a_store_on_ext4_keeps_its_promise() {
    for (number, options) in MOUNTS.into_iter().enumerate() {
        for seed in 0..rounds().unwrap_or(1) {
            let every = if rounds().is_some() { 1 } else { 12 };
            let seed = seed * 3 + number as u64;
            cut_everywhere("records", &scenarios::records(), options, every, seed);
            cut_everywhere("logs", &scenarios::logs(), options, every, seed);
            if rounds().is_some() {
                cut_everywhere("cascade", &scenarios::cascade(), options, every, seed);
                cut_everywhere("at once", &scenarios::several_at_once(), options, every, seed);
            }
        }
    }
}

const PATHS: [&str; 6] = ["a", "b", "d/a", "d/b", "e/a", "e/b"];

/// The same pseudo-random operation on both disks.
fn operate(disks: [&dyn Disk; 2], open: &mut [Vec<(usize, Box<dyn DiskFile>)>; 2], dice: &Dice) {
    let path = |at: usize| SafePath::new(PATHS[at]).expect("safe");
    let (kind, one, other) = (dice.roll(12), dice.roll(PATHS.len()), dice.roll(PATHS.len()));
    let (offset, len, byte) = (dice.roll(9000), dice.roll(6000), dice.roll(255) as u8 + 1);
    for (disk, open) in disks.into_iter().zip(open) {
        let file = open.iter().find(|(at, _)| *at == one).map(|(_, file)| file);
        match (kind, file) {
            (0, _) => {
                let access = if byte % 2 == 0 { Access::Create } else { Access::Replace };
                open.retain(|(at, _)| *at != one);
                open.push((one, disk.open(&path(one), access).expect("it opens")));
            }
            (1..=5, Some(file)) => {
                file.write_at(offset as u64, &vec![byte; len]).expect("it is written");
            }
            (6, Some(file)) => file.set_len(offset as u64).expect("it is cut"),
            (7, Some(file)) => file.sync().expect("it is synced"),
            (8, _) if one != other && disk.stamp(&path(one)).expect("a look").is_some() => {
                disk.rename(&path(one), &path(other)).expect("it is renamed");
                // What is open under these names is no longer there.
                open.retain(|(at, _)| *at != one && *at != other);
            }
            (9, _) => {
                disk.remove(&path(one)).expect("it is removed");
                open.retain(|(at, _)| *at != one);
            }
            (10, _) => {
                let dir = path(one).parent().unwrap_or_else(SafePath::root);
                disk.sync_dir(&dir).expect("it is synced");
            }
            _ => {}
        }
    }
}

#[test]
fn what_a_power_cut_leaves_on_ext4_the_simulated_disk_allows() {
    for (number, options) in MOUNTS.into_iter().enumerate() {
        let mut cuts = 0;
        for seed in 0..rounds().map_or(2, |rounds| rounds * 8) {
            on_ext4(options, |folder, mounted| {
                let dice = Dice(AtomicU64::new(seed * 3 + number as u64));
                let real = RealDisk::open(&mounted.data()).expect("a folder");
                let simulated = SimulatedDisk::new();
                let disks: [&dyn Disk; 2] = [&real, &simulated];
                for disk in disks {
                    ["d", "e"].iter().for_each(|name| {
                        disk.create_dir(&SafePath::new(name).expect("safe")).expect("it is made");
                    });
                    disk.sync_dir(&SafePath::root()).expect("it is synced");
                }
                let mut open = [Vec::new(), Vec::new()];
                for _ in 0..60 {
                    operate(disks, &mut open, &dice);
                    write_back(&mounted.data(), &dice);
                    if dice.roll(4) > 0 {
                        continue;
                    }
                    cuts += 1;
                    let image = folder.join("cut");
                    mounted.power_cut(&image).expect("a copy");
                    let after = Mounted::of(image, folder.join("after"), options).expect("mounts");
                    let found = files_in(&after.data());
                    assert!(
                        simulated.allows(&found),
                        "{options}, seed {seed}, cut {cuts}: {:?}",
                        found.iter().map(|(name, bytes)| (name, bytes.len())).collect::<Vec<_>>()
                    );
                }
            });
        }
        println!("{options}: {cuts} power cuts");
    }
}
