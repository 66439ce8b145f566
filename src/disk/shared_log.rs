//! A log in a folder that many processes append to, without a lock: whoever writes never waits for anybody.
//!
//! The system puts each append behind all others, so the file's order is one that everybody sees. When it
//! has become long, a new file takes its place, of which the first line says everything before. Lines
//! are separated by line feeds on both sides, so half a line (a full disk) spoils no other.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};

/// The newest file of such a log.
pub struct SharedLog {
    folder: PathBuf,
    number: u64,
    file: Arc<File>,
    read: u64,
}

impl SharedLog {
    /// Opens the log in a folder; where there is none, it is made or `None` is given.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn open(folder: &Path, make: bool) -> Result<Option<SharedLog>> {
        let failed = failed("open", folder);
        loop {
            let Some(number) = numbers(folder).map_err(&failed)?.into_iter().max() else {
                if !make {
                    return Ok(None);
                }
                make_folder(folder).map_err(&failed)?;
                start(folder, 1, b"").map_err(&failed)?;
                continue;
            };
            let mut options = OpenOptions::new();
            let file = match options.read(true).append(make).open(file(folder, number)) {
                // Somebody has begun the next one, and removed this.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(&failed)?,
            };
            let (folder, file) = (folder.to_owned(), Arc::new(file));
            return Ok(Some(SharedLog { folder, number, file, read: 0 }));
        }
    }

    /// Appends a line, behind whatever others have appended.
    ///
    /// # Errors
    /// Those of the disk; a part of the line may then be there.
    pub fn append(&mut self, line: &[u8]) -> Result<()> {
        let bytes = [b"\n", line, b"\n"].concat();
        let written = (&*self.file).write(&bytes).and_then(|len| {
            if len == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
        });
        written.map_err(failed("append to", &self.folder))
    }

    /// Gives each whole line that was not read yet.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn read_new(&mut self, each: impl FnMut(&[u8])) -> Result<()> {
        let mut bytes = Vec::new();
        let mut file = &*self.file;
        let read = file.seek(SeekFrom::Start(self.read)).and_then(|_| file.read_to_end(&mut bytes));
        read.map_err(failed("read", &self.folder))?;
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        self.read += end as u64 + 1;
        bytes[..end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).for_each(each);
        Ok(())
    }

    /// How many bytes of the file were read.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.read
    }

    /// What makes durable what was appended by now, and may take its time.
    #[must_use]
    pub fn unsynced(&self) -> Unsynced {
        Unsynced { folder: self.folder.clone(), file: Arc::clone(&self.file) }
    }

    /// Begins the next file with this line, unless somebody has; whoever does it writes the same.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn start_next(&self, line: &[u8]) -> Result<()> {
        start(&self.folder, self.number + 1, line).map_err(failed("begin", &self.folder))?;
        // Who still reads this file has it open; one that cannot be removed is tried again by the next.
        for number in numbers(&self.folder).unwrap_or_default() {
            if number < self.number {
                let _ = fs::remove_file(file(&self.folder, number));
            }
        }
        Ok(())
    }
}

/// What was appended to a log, and is not durable yet.
pub struct Unsynced {
    folder: PathBuf,
    file: Arc<File>,
}

impl Unsynced {
    /// Makes it durable.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(failed("sync", &self.folder))
    }
}

/// A file that says of a process that it lives.
pub struct Alive {
    path: PathBuf,
    _file: File,
}

impl Alive {
    /// Says it, under this name, as long as the value is there and the process is.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn say(folder: &Path, name: &str) -> Result<Alive> {
        let path = folder.join(format!("{name}.alive"));
        let made = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let file = made.map_err(failed("make", &path))?;
        Ok(Alive { path, _file: file })
    }

    /// Does nobody say it any more under this name?
    #[must_use]
    pub fn is_over(folder: &Path, name: &str) -> bool {
        let path = folder.join(format!("{name}.alive"));
        match File::open(&path) {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(file) => file.try_lock().is_ok_and(|()| {
                // Its owner has ended without removing it.
                let _ = fs::remove_file(&path);
                true
            }),
        }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn failed<'p>(what: &'p str, path: &'p Path) -> impl Fn(io::Error) -> Error + 'p {
    move |error| Error::io(what, &path.display().to_string(), &error)
}

fn file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("log-{number:08}.jsonl"))
}

fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let number = |entry: io::Result<fs::DirEntry>| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_prefix("log-")?.strip_suffix(".jsonl")?.parse().ok()
    };
    Ok(entries.filter_map(number).collect())
}

/// Makes the folder, which no version control is to take for data.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    fs::write(folder.join(".gitignore"), "*\n")
}

/// Puts a file in place with its first line, unless there is one.
fn start(folder: &Path, number: u64, line: &[u8]) -> io::Result<()> {
    let mut made = tempfile::Builder::new().prefix(".log-").tempfile_in(folder)?;
    made.write_all(&[line, b"\n"].concat())?;
    made.as_file().sync_all()?;
    match made.persist_noclobber(file(folder, number)) {
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
        Ok(_) => Ok(()),
    }
}
