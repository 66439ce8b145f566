//! As what a payload may be shown.

/// So many first bytes tell the type.
const HEAD: usize = 64;

/// The type under which a browser may show these bytes as an image: by the bytes alone, and only types in
/// which nothing runs. `None` for everything else, which is offered as a download.
pub(crate) fn shown_as(bytes: &[u8]) -> Option<&'static str> {
    let kind = infer::get(&bytes[..bytes.len().min(HEAD)])?.mime_type();
    let harmless =
        ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
    harmless.into_iter().find(|known| *known == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_raster_images_are_shown() {
        assert_eq!(shown_as(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some("image/png"));
        assert_eq!(shown_as(b"GIF89a<script>alert(1)</script>"), Some("image/gif"));
        for other in [
            &b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..],
            b"<!doctype html><script>alert(1)</script>",
            b"\xef\xbb\xbf<?xml version='1.0'?><svg/>",
            b"%PDF-1.7",
            b"",
            b"hello",
        ] {
            assert_eq!(shown_as(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
