//! What a payload is, by its bytes and never by its name.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::berth::ReadAt;
use crate::error::Result;

/// So many first bytes tell the type.
const HEAD: usize = 16 << 10;
/// At most so many bytes are read to find the width and height of an image.
const MAX_READ: u64 = 4 << 20;

/// What the bytes say.
pub(super) struct Sniffed {
    pub(super) mime_type: Option<&'static str>,
    pub(super) is_text: bool,
    pub(super) dimensions: Option<(u64, u64)>,
}

/// Looks at the first bytes, and at the header of an image.
pub(super) fn look(file: &dyn ReadAt, len: u64) -> Result<Sniffed> {
    let mut head = vec![0; HEAD.min(usize::try_from(len).unwrap_or(HEAD))];
    let read = file.read_at(0, &mut head)?;
    head.truncate(read);
    // Hostile bytes must not stop the call, whatever they make of the two crates.
    let mime_type = catch_unwind(|| mime_type(&head)).unwrap_or(None);
    let is_image = mime_type.is_some_and(|mime| mime.starts_with("image/"));
    let measure = AssertUnwindSafe(|| dimensions(file, len));
    let dimensions = if is_image { catch_unwind(measure).unwrap_or(None) } else { None };
    Ok(Sniffed { mime_type, is_text: is_text(&head), dimensions })
}

fn mime_type(head: &[u8]) -> Option<&'static str> {
    if let Some(markup) = markup(head) {
        return Some(markup);
    }
    infer::get(head).map(|kind| kind.mime_type())
}

/// SVG and HTML, which run scripts: rather once too often than once too few.
fn markup(head: &[u8]) -> Option<&'static str> {
    let text = decoded(head)?.to_ascii_lowercase();
    let text = text.trim_start_matches(['\u{feff}', '\0']).trim_start();
    if !text.starts_with('<') {
        return None;
    }
    let tag = |name: &str| {
        let mut places = text.match_indices(name);
        places.any(|(at, _)| !text[at + name.len()..].starts_with(|c: char| c.is_alphanumeric()))
    };
    let svg = tag("<svg") || tag(":svg") || tag("<!doctype svg");
    let html = ["<!doctype html", "<html", "<head", "<body", "<script", "<iframe", "<style"];
    match (svg, html.into_iter().any(tag)) {
        (_, true) if !text.starts_with("<?xml") && !text.starts_with("<svg") => Some("text/html"),
        (true, _) => Some("image/svg+xml"),
        (_, true) => Some("text/html"),
        _ => None,
    }
}

/// The head as text, when it is text of a usual encoding.
fn decoded(head: &[u8]) -> Option<String> {
    let wide = |little: bool| {
        let units = head.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        });
        String::from_utf16_lossy(&units.collect::<Vec<u16>>())
    };
    match head {
        [0xff, 0xfe, ..] => Some(wide(true)),
        [0xfe, 0xff, ..] => Some(wide(false)),
        _ if head.iter().take(64).any(|byte| *byte == b'<') => {
            Some(String::from_utf8_lossy(head).into_owned())
        }
        _ => None,
    }
}

/// No byte that text has not.
fn is_text(head: &[u8]) -> bool {
    let binary = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    !head.iter().any(binary)
}

fn dimensions(file: &dyn ReadAt, len: u64) -> Option<(u64, u64)> {
    let source = Window { file, len, at: 0, left: MAX_READ };
    let size = imagesize::reader_size(BufReader::new(source)).ok()?;
    let (width, height) = (size.width as u64, size.height as u64);
    (width > 0 && height > 0).then_some((width, height))
}

/// A file as a reader that gives up where a header would be too far away.
struct Window<'a> {
    file: &'a dyn ReadAt,
    len: u64,
    at: u64,
    left: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let asked = buffer.len();
        let wanted = asked.min(usize::try_from(self.left).unwrap_or(asked));
        if wanted == 0 && asked > 0 {
            return Err(io::Error::other("the header is too far away"));
        }
        let read = self.file.read_at(self.at, &mut buffer[..wanted]);
        let read = read.map_err(|error| io::Error::other(error.message().to_owned()))?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::other("before the start"))?;
        Ok(self.at)
    }
}
