//! What the studio's server asks besides calls: whom it lets in, and as what it may show bytes.

use napi_derive::napi;

use crate::studio::{Request, refusal, shown_as};

/// What is known of a request to the studio.
#[napi(object)]
pub(crate) struct StudioRequest {
    pub method: String,
    /// The header `Host`.
    pub host: Option<String>,
    /// The header `Origin`.
    pub origin: Option<String>,
    /// The header `Sec-Fetch-Site`.
    pub site: Option<String>,
    /// Has it the header that no form and no link can send?
    pub is_marked: bool,
    /// Is it for the page itself?
    pub is_page: bool,
    /// The token that it brought.
    pub token: Option<String>,
    /// The token that there is; none where an app decides who may come.
    pub wanted: Option<String>,
    /// The port that the studio listens on; none where an app does.
    pub port: Option<u16>,
}

/// Why a request is not let in; null when it is.
#[napi(catch_unwind)]
pub(crate) fn studio_refusal(request: StudioRequest) -> Option<String> {
    let given = request.token.as_deref().unwrap_or_default();
    let known = Request {
        method: &request.method,
        host: request.host.as_deref(),
        origin: request.origin.as_deref(),
        site: request.site.as_deref(),
        is_marked: request.is_marked,
        is_page: request.is_page,
        token: request.wanted.as_deref().map(|wanted| (given, wanted)),
        port: request.port,
    };
    refusal(&known).map(str::to_owned)
}

/// The type under which a payload that begins so may be shown as an image; null for a download.
#[napi(catch_unwind)]
pub(crate) fn studio_shown_as(head: &[u8]) -> Option<String> {
    // Hostile bytes must not stop the call, whatever the crate makes of them.
    std::panic::catch_unwind(|| shown_as(head)).ok().flatten().map(str::to_owned)
}
