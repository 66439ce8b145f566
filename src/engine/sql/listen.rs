//! Hears what any process has committed, over a connection of its own.
//!
//! A notice names what was touched. Where it was too much for one, or the connection was gone for a while, each
//! collection is told to have changed, without saying where.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::Poll;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::AsyncMessage;

use super::server::Server;
use crate::catalogue::Catalogue;
use crate::engine::journal::Effect;
use crate::engine::memory::Touched;
use crate::error::{Error, Result};
use crate::json;
use crate::postgres::{connector, failed};
use crate::sync::{locked, wait_for};

/// So often it is looked whether the store is being closed, and after a failure whether the database is there again.
const LOOK: Duration = Duration::from_millis(250);

/// Is somebody about to hear? Until they do, no change begins, for whoever has a listener hears of what this process
/// changes from then on.
#[derive(Default)]
pub(super) struct Ears(Mutex<bool>, Condvar);

impl Ears {
    /// Somebody is about to.
    pub(super) fn expect(&self) {
        *locked(&self.0) = true;
    }

    /// They do, or cannot.
    fn settled(&self) {
        *locked(&self.0) = false;
        self.1.notify_all();
    }

    /// Waits until then, at most for so long.
    pub(super) fn wait(&self, most: Duration) {
        let until = Instant::now() + most;
        let mut expected = locked(&self.0);
        while *expected && Instant::now() < until {
            expected = wait_for(&self.1, expected, LOOK);
        }
    }
}

/// Listens until the store is closed.
pub(super) fn run(server: &Arc<Server>, stopping: &AtomicBool) {
    let mut was_away = false;
    while !stopping.load(Ordering::Acquire) {
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        if hear(server, &runtime, stopping, was_away).is_err() {
            was_away = true;
            server.ears.settled();
            sleep(LOOK);
        }
    }
}

fn hear(server: &Server, runtime: &Runtime, stopping: &AtomicBool, was_away: bool) -> Result<()> {
    let address = server.pool.address();
    let tls = connector(&address.tls)?;
    let told = |error: tokio_postgres::Error| failed("hear of changes", &error);
    runtime.block_on(async {
        let connecting = timeout(server.pool.patience().to_connect, address.config.connect(tls));
        let (client, mut connection) = connecting.await.map_err(|_| silent())?.map_err(told)?;
        let mut listen = pin!(client.batch_execute("LISTEN quilltap"));
        let mut hears = false;
        while !stopping.load(Ordering::Acquire) {
            let next = poll_fn(|context| {
                if !hears && let Poll::Ready(listening) = listen.as_mut().poll(context) {
                    hears = true;
                    if let Err(error) = listening {
                        return Poll::Ready(Some(Err(error)));
                    }
                    server.ears.settled();
                    if was_away {
                        server.tell(&[], true);
                    }
                }
                connection.poll_message(context)
            });
            match timeout(LOOK, next).await {
                // Nothing was said.
                Err(_) => {}
                Ok(None) => return Err(silent()),
                Ok(Some(Err(error))) => return Err(told(error)),
                Ok(Some(Ok(AsyncMessage::Notification(notice)))) => {
                    server.take_notice(notice.payload());
                }
                Ok(Some(Ok(_))) => {}
            }
        }
        Ok(())
    })
}

fn silent() -> Error {
    Error::new(crate::error::Code::Io, "the database says nothing any more")
}

impl Server {
    fn take_notice(&self, notice: &str) {
        let schema = format!("{} ", self.pool.schema());
        // The channel is the whole database's; another store may be in another schema of it.
        let Some(text) = notice.strip_prefix(&schema) else { return };
        let catalogue = self.catalogue();
        let one = |one: &serde_json::Value| touched(&catalogue, one);
        let all = json::parse(text).ok();
        let all = all.as_ref().and_then(|all| all.as_array());
        let touched: Vec<Touched> = all.into_iter().flatten().filter_map(one).collect();
        self.tell(&touched, all.is_none_or(Vec::is_empty));
    }

    /// Tells the listeners what was touched, or that nobody knows what was.
    fn tell(&self, touched: &[Touched], is_unknown: bool) {
        let catalogue = self.catalogue();
        if !is_unknown {
            return self.listeners.tell(&catalogue, touched);
        }
        let any = |model| Touched { model, key: "".into(), effect: Effect::Update, owner: None };
        let all: Vec<Touched> = catalogue.ids().map(any).collect();
        self.listeners.tell(&catalogue, &all);
    }
}

/// What one entry of a notice says.
fn touched(catalogue: &Catalogue, one: &serde_json::Value) -> Option<Touched> {
    let text = |at: usize| one.get(at).and_then(|value| value.as_str());
    let effect = match text(2)? {
        "create" => Effect::Create,
        "delete" => Effect::Delete,
        _ => Effect::Update,
    };
    let (model, key) = (catalogue.by_collection(text(0)?)?, text(1)?.into());
    Some(Touched { model, key, effect, owner: text(3).map(Into::into) })
}
