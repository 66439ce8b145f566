//! Which requests are let in.
//!
//! A page on the loopback address is within reach of every page that a browser shows: those may send
//! requests there, and a name that they own may be made to mean 127.0.0.1 (DNS rebinding). So the name by
//! which the studio is called must be its own, a request must come from its own page, and must have its
//! token.

use subtle::ConstantTimeEq;

/// What is known of a request.
#[derive(Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The header `Host`.
    pub(crate) host: Option<&'a str>,
    /// The header `Origin`.
    pub(crate) origin: Option<&'a str>,
    /// The header `Sec-Fetch-Site`.
    pub(crate) site: Option<&'a str>,
    /// Has it the header that no form and no link can send?
    pub(crate) is_marked: bool,
    /// Is it the page itself, which one may come to from elsewhere?
    pub(crate) is_page: bool,
    /// The token that it brought, and the one that there is; none where an app decides who may come.
    pub(crate) token: Option<(&'a str, &'a str)>,
    /// The port that the studio listens on; none where an app does.
    pub(crate) port: Option<u16>,
}

/// Why a request is not let in; `None` when it is.
pub(crate) fn refusal(request: &Request<'_>) -> Option<&'static str> {
    let Some(host) = request.host else { return Some("a request without a host is refused") };
    if request.port.is_some_and(|port| !is_loopback(host, port)) {
        return Some("this host is not the studio's: open it by the address that it has printed");
    }
    if !is_known(request) {
        return Some(
            "the token is missing or wrong: open the address that the command has printed",
        );
    }
    if request.is_page && request.method == "GET" {
        return None;
    }
    let is_elsewhere = |origin: &str| origin.split_once("://").map(|(_, at)| at) != Some(host);
    let is_cross_site = |site: &str| !matches!(site, "same-origin" | "none");
    if request.origin.is_some_and(is_elsewhere) || request.site.is_some_and(is_cross_site) {
        return Some("a request from another page is refused");
    }
    let is_written = request.method != "GET";
    if is_written && request.origin.is_none() && request.site.is_none() && !request.is_marked {
        return Some("a request that does not say where it comes from is refused");
    }
    (is_written && !request.is_marked).then_some("a request that a form could send is refused")
}

/// A name that no DNS server has a say in, with the studio's port.
fn is_loopback(host: &str, port: u16) -> bool {
    let names = ["127.0.0.1", "localhost", "[::1]"];
    names.iter().any(|name| host.strip_prefix(name) == Some(format!(":{port}").as_str()))
}

/// Has it the token? How long the comparison takes tells nothing of where they differ.
fn is_known(request: &Request<'_>) -> bool {
    let Some((given, wanted)) = request.token else { return true };
    bool::from(given.as_bytes().ct_eq(wanted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Request<'static> {
        Request {
            method: "POST",
            host: Some("127.0.0.1:5555"),
            origin: Some("http://127.0.0.1:5555"),
            site: Some("same-origin"),
            is_marked: true,
            is_page: false,
            token: Some(("t0ken", "t0ken")),
            port: Some(5555),
        }
    }

    #[test]
    fn a_request_of_the_studios_own_page_is_let_in() {
        assert_eq!(refusal(&own()), None);
        assert_eq!(
            refusal(&Request {
                host: Some("localhost:5555"),
                origin: Some("http://localhost:5555"),
                ..own()
            }),
            None
        );
        // curl with the token and the header.
        assert_eq!(refusal(&Request { origin: None, site: None, ..own() }), None);
        let page = Request {
            method: "GET",
            is_page: true,
            site: Some("cross-site"),
            origin: None,
            is_marked: false,
            ..own()
        };
        assert_eq!(refusal(&page), None);
    }

    #[test]
    fn every_other_one_is_refused() {
        let cases = [
            ("no host", Request { host: None, ..own() }),
            (
                "a name that was made to mean the loopback address",
                Request {
                    host: Some("evil.example:5555"),
                    origin: Some("http://evil.example:5555"),
                    ..own()
                },
            ),
            (
                "a name that only begins so",
                Request { host: Some("127.0.0.1.evil.example:5555"), ..own() },
            ),
            ("another port", Request { host: Some("127.0.0.1:80"), ..own() }),
            ("no port", Request { host: Some("127.0.0.1"), ..own() }),
            ("another origin", Request { origin: Some("http://evil.example"), ..own() }),
            ("another port's origin", Request { origin: Some("http://127.0.0.1:3000"), ..own() }),
            ("no origin of its own", Request { origin: Some("null"), ..own() }),
            ("another site", Request { site: Some("cross-site"), ..own() }),
            ("another port of this machine", Request { site: Some("same-site"), ..own() }),
            ("a form", Request { is_marked: false, ..own() }),
            (
                "a form that says nothing",
                Request { is_marked: false, origin: None, site: None, ..own() },
            ),
            ("a wrong token", Request { token: Some(("t0kem", "t0ken")), ..own() }),
            ("a part of the token", Request { token: Some(("t0ke", "t0ken")), ..own() }),
            ("no token", Request { token: Some(("", "t0ken")), ..own() }),
            (
                "a picture in another page",
                Request { method: "GET", site: Some("cross-site"), origin: None, ..own() },
            ),
            (
                "the page without the token",
                Request { method: "GET", is_page: true, token: Some(("", "t0ken")), ..own() },
            ),
        ];
        for (name, request) in cases {
            assert!(refusal(&request).is_some(), "{name}");
        }
    }

    #[test]
    fn in_an_app_the_app_says_who_comes_and_the_page_is_still_the_only_one_that_asks() {
        let app = || Request {
            host: Some("app.example"),
            origin: Some("https://app.example"),
            token: None,
            port: None,
            ..own()
        };
        assert_eq!(refusal(&app()), None);
        assert!(refusal(&Request { origin: Some("https://evil.example"), ..app() }).is_some());
        assert!(refusal(&Request { is_marked: false, ..app() }).is_some());
    }
}
