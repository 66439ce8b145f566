//! An ext4 in a file, mounted through a loop device, whose image can be taken at any moment.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Bytes of an image; most of them are holes.
const SIZE: u64 = 32 << 20;
/// Bytes that are copied at a time.
const PIECE: usize = 256 << 10;

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let told = |text: String| format!("{program} {}: {text}", arguments.join(" "));
    let output = Command::new(program).args(arguments).output().map_err(|e| told(e.to_string()))?;
    if !output.status.success() {
        return Err(told(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A mounted file system; unmounted when dropped.
pub(super) struct Mounted {
    image: PathBuf,
    at: PathBuf,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, when a test that failed still has files open.
        let at = self.at.display().to_string();
        let _ = run("umount", &[&at]).or_else(|_| run("umount", &["-l", &at]));
    }
}

impl Mounted {
    /// Makes a new file system in `folder` and mounts it; says why when the machine does not
    /// allow it.
    pub(super) fn new(folder: &Path, options: &str) -> Result<Mounted, String> {
        let image = folder.join("image");
        let file = File::create(&image).map_err(|e| e.to_string())?;
        file.set_len(SIZE).map_err(|e| e.to_string())?;
        run("mkfs.ext4", &["-q", "-F", "-b", "4096", &image.display().to_string()])?;
        Mounted::of(image, folder.join("mounted"), options)
    }

    /// Mounts an image, as after a power cut: its journal is replayed.
    pub(super) fn of(image: PathBuf, at: PathBuf, options: &str) -> Result<Mounted, String> {
        fs::create_dir_all(&at).map_err(|e| e.to_string())?;
        let options = format!("loop,{options}");
        run("mount", &["-o", &options, &image.display().to_string(), &at.display().to_string()])?;
        Ok(Mounted { image, at })
    }

    /// The folder for a store's data.
    pub(super) fn data(&self) -> PathBuf {
        self.at.join("data")
    }

    fn loop_device(&self) -> String {
        let at = self.at.display().to_string();
        let source = run("findmnt", &["-n", "-o", "SOURCE", &at]).expect("it is mounted");
        source.trim().trim_start_matches("/dev/").to_owned()
    }

    /// How often the device was written to, and whether a write is under way.
    fn writes(device: &str) -> (u64, u64) {
        let text = fs::read_to_string(format!("/sys/block/{device}/stat")).expect("a loop device");
        let number = |at: usize| text.split_whitespace().nth(at).and_then(|n| n.parse().ok());
        (number(4).unwrap_or_default(), number(8).unwrap_or_default())
    }

    /// Copies the image as it is at one moment: what the file system still keeps in memory is
    /// not in it.
    pub(super) fn power_cut(&self, to: &Path) -> io::Result<()> {
        let device = self.loop_device();
        for _ in 0..200 {
            let before = Mounted::writes(&device);
            copy_with_holes(&self.image, to)?;
            if before.1 == 0 && Mounted::writes(&device) == before {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(io::Error::other("the device is never at rest"))
    }
}

fn copy_with_holes(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (File::open(from)?, File::create(to)?);
    to.set_len(SIZE)?;
    let mut piece = vec![0; PIECE];
    for at in (0..SIZE).step_by(PIECE) {
        from.read_exact_at(&mut piece, at)?;
        if piece.iter().any(|byte| *byte != 0) {
            to.write_all_at(&piece, at)?;
        }
    }
    Ok(())
}

/// Checks an image with e2fsck, which replays its journal; the file system itself must be whole.
pub(super) fn check(image: &Path) -> Result<(), String> {
    run("e2fsck", &["-f", "-p", &image.display().to_string()])
        .map(drop)
        .or_else(|wrong| if wrong.ends_with(": ") { Ok(()) } else { Err(wrong) })
}
