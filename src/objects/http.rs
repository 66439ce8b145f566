//! Requests over HTTP/1.1, with the TLS that connections to a database have too: the client that `object_store` would
//! bring along has a second one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use rustls::ClientConfig;
use rustls::crypto::ring;

use crate::error::Result;
use crate::trusted::{roots, unusable};

/// So long a server may take to be there.
const TO_CONNECT: Duration = Duration::from_secs(5);
/// A connection that nobody uses is kept so long; servers close theirs a little later.
const IDLE: Duration = Duration::from_secs(15);

/// What sends requests.
#[derive(Debug, Clone)]
pub(super) struct Http(Client<HttpsConnector<TcpConnector>, HttpRequestBody>);

impl Http {
    /// Trusts the certificates of a file, or of the system.
    ///
    /// # Errors
    /// `IO` where they cannot be read.
    pub(super) fn new(trusted: Option<&str>) -> Result<Http> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error.to_string()))?
            .with_root_certificates(roots(trusted)?)
            .with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.set_connect_timeout(Some(TO_CONNECT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        // An endpoint without TLS is one that somebody has named so.
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector.enable_http1().wrap_connector(tcp));
        Ok(Http(client))
    }
}

impl HttpConnector for Http {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Http {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let response = self.0.request(request).await.map_err(|error| {
            // Neither is the server's answer: it may be asked again.
            let is_connect = error.is_connect();
            let kind = if is_connect { HttpErrorKind::Connect } else { HttpErrorKind::Interrupted };
            HttpError::new(kind, error)
        })?;
        Ok(response.map(|body| {
            let cut = |error| HttpError::new(HttpErrorKind::Interrupted, error);
            HttpResponseBody::new(body.map_err(cut))
        }))
    }
}
