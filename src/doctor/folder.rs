//! The data folder: where it is, whose it is, and what it lies on.

use crate::disk::{self, Disk, NewFolder, RealDisk};
use crate::error::Result;

use super::{Patient, Pretence, Report};

/// With less room than this, in bytes, the next images do not fit.
const LITTLE_ROOM: u64 = 1 << 30;
/// With less room than this, in bytes, nothing fits.
const NO_ROOM: u64 = 16 << 20;
/// So many files are named.
const NAMED: usize = 3;

/// Looks at the folder; gives it where there is a store in it.
pub(super) fn look(patient: &Patient, report: &mut Report) -> Option<RealDisk> {
    let disk = found(patient, report)?;
    look_at_place(&disk, report);
    look_at_owners(patient, &disk, report);
    look_at_file_system(patient, &disk, report);
    look_at_room(patient, report);
    Some(disk)
}

fn found(patient: &Patient, report: &mut Report) -> Option<RealDisk> {
    let folder = &patient.data_dir;
    let shown =
        std::path::absolute(folder).unwrap_or_else(|_| folder.clone()).display().to_string();
    let opened = disk::holds_anything(folder).and_then(|holds| open(patient, holds));
    match opened {
        Ok(Some(_)) if NewFolder::was_left_unfinished(folder) => {
            let message = format!("{shown} is a copy that was never finished");
            report.fault(
                "folder",
                message,
                "remove it, and make the copy or restore the backup again",
            );
            None
        }
        Ok(Some(disk)) => Some(disk),
        Ok(None) => {
            let message = format!("there is no store in {shown}");
            let advice = "name the app's folder by --data-dir, or by DATA_DIR as the app does; the app \
                          makes it with its first write";
            report.fault("folder", message, advice);
            None
        }
        Err(error) => {
            report.failure("folder", &error);
            None
        }
    }
}

/// Opens the folder; nothing is made where there is none.
fn open(patient: &Patient, holds_anything: bool) -> Result<Option<RealDisk>> {
    holds_anything.then(|| RealDisk::open(&patient.data_dir)).transpose()
}

fn look_at_place(disk: &RealDisk, report: &mut Report) {
    match disk::misplaced(disk.root(), &[]) {
        Some(message) => report.warning(
            "folder",
            message,
            "move it while the app is stopped, then start the app with the new DATA_DIR",
        ),
        None => report.good("folder", disk.root().display().to_string()),
    }
}

fn look_at_owners(patient: &Patient, disk: &RealDisk, report: &mut Report) {
    let files = match disk.shared_files() {
        Ok(files) => files,
        Err(error) => return report.failure("owner", &error),
    };
    let whole = disk.shared_with().map(|why| format!("the folder itself: {why}"));
    let some = files.iter().take(NAMED).map(|(path, why)| format!("{path}: {why}"));
    let told: Vec<String> = whole.into_iter().chain(some).collect();
    if told.is_empty() {
        report.good("owner", "nobody but this user may write in the folder");
    } else if patient.trust_shared_folder {
        report.note("owner", "others may write in the folder, and are trusted");
    } else {
        let more = files.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
        let advice = format!(
            "run the app and this command as the user whose files these are, or give them to this one: {}",
            disk.to_own()
        );
        report.warning("owner", told.join(", ") + &rest, advice);
    }
    if !disk.is_writable() {
        let message = "this user may not write in the folder, or it is mounted for reading only";
        let advice = "the app can read but not save: mount it for writing (no :ro), or let the app's user own it";
        report.fault("writing", message, advice);
    }
}

fn look_at_file_system(patient: &Patient, disk: &RealDisk, report: &mut Report) {
    let pretended = patient.pretends(Pretence::Network).then(|| "NFS".to_owned());
    match pretended.or_else(|| disk.network_file_system()) {
        Some(name) => report.warning(
            "file system",
            format!("the folder is on a network file system ({name}), where locks and shared memory do not hold"),
            "move it to a local disk, or let one process alone use it",
        ),
        None => report.good("file system", "local"),
    }
}

fn look_at_room(patient: &Patient, report: &mut Report) {
    let room =
        if patient.pretends(Pretence::Full) { Ok(0) } else { disk::free_room(&patient.data_dir) };
    let advice = "make room: nothing is lost, and calls fail with NO_SPACE until there is some";
    match room {
        Err(error) => report.failure("room", &error),
        Ok(room) if room < NO_ROOM => {
            report.fault("room", format!("{room} bytes are free"), advice)
        }
        Ok(room) if room < LITTLE_ROOM => {
            report.warning("room", format!("only {} MiB are free", room >> 20), advice);
        }
        Ok(room) => report.good("room", format!("{} GiB are free", room >> 30)),
    }
}
