//! Wakes the JavaScript thread with what has ended or happened.

use std::sync::Arc;

use napi::bindgen_prelude::{FnArgs, Function, ToNapiValue, TypeName};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, ValueType, sys};
use zeroize::Zeroize;

use crate::error::Result;
use crate::store::Listener;
use crate::store::{Ended, Settle, Settled};

/// The numbers of the calls that ended, and their answers.
pub(super) type Answers = FnArgs<(Vec<f64>, Vec<Text>)>;
/// `settle(ids, texts)` in JavaScript.
pub(super) type SettleFunction<'a> = Function<'a, Answers, ()>;
/// `listen(events)` in JavaScript.
pub(super) type ListenFunction<'a> = Function<'a, FnArgs<(Vec<String>,)>, ()>;
/// Calls a JavaScript function with answers; weak, so that it keeps no process alive by itself.
type AnswerFunction = ThreadsafeFunction<Vec<(u64, String)>, (), Answers, Status, false, true>;
/// Calls a JavaScript function with the JSON texts of events.
type EventFunction =
    ThreadsafeFunction<Vec<String>, (), FnArgs<(Vec<String>,)>, Status, false, true>;

/// A text on its way to JavaScript, which copies it.
pub struct Text {
    text: String,
    secret: bool,
}

impl Text {
    /// An answer that may be a secret, as a recovery key is: to wipe a short one costs less than to
    /// know.
    pub(super) fn of_any(text: String) -> Text {
        const SHORT: usize = 4096;
        Text { secret: text.len() <= SHORT, text }
    }

    /// A secret.
    pub(super) fn secret(text: String) -> Text {
        Text { text, secret: true }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        if self.secret {
            self.text.zeroize();
        }
    }
}

impl TypeName for Text {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ToNapiValue for Text {
    unsafe fn to_napi_value(env: sys::napi_env, text: Text) -> napi::Result<sys::napi_value> {
        // SAFETY: `env` is that of the caller, as its own contract says.
        unsafe { <&str as ToNapiValue>::to_napi_value(env, &text.text) }
    }
}

/// The text of an answer: JSON, or `!` and the JSON of an error.
pub(super) fn answer_text(answer: Result<String>) -> String {
    answer.unwrap_or_else(|error| format!("!{}", error.to_json()))
}

/// Settles calls on the JavaScript thread of one handle.
pub(super) struct Waker(AnswerFunction);

impl Waker {
    /// A waker that calls `settle(ids, texts)`.
    pub(super) fn new(settle: &SettleFunction<'_>) -> napi::Result<Waker> {
        let built = settle.build_threadsafe_function::<Vec<(u64, String)>>();
        let built = built.weak::<true>().callee_handled::<false>().build_callback(|context| {
            // Numbers of calls stay far below 2^53.
            let (ids, texts): (Vec<u64>, Vec<String>) = context.value.into_iter().unzip();
            let texts: Vec<Text> = texts.into_iter().map(Text::of_any).collect();
            Ok(FnArgs::from((ids.into_iter().map(|id| id as f64).collect(), texts)))
        })?;
        Ok(Waker(built))
    }

    /// Keeps the event loop alive, or no longer; on the JavaScript thread only.
    pub(super) fn keep_alive(&self, env: Env, alive: bool) {
        let function = self.0.raw();
        if self.0.aborted() || function.is_null() {
            return;
        }
        // SAFETY: `env` is that of the running callback, so this is its JavaScript thread, and
        // the function was made in it and is not released while `self` lives.
        unsafe {
            if alive {
                sys::napi_ref_threadsafe_function(env.raw(), function);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), function);
            }
        }
    }
}

impl Settle for Waker {
    fn settle(&self, ended: Vec<Ended>) {
        let texts = ended
            .into_iter()
            .map(|(id, answer)| (id, answer_text(answer.map(Settled::into_json))))
            .collect();
        // A thread that has ended waits for nothing.
        self.0.call(texts, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// A listener that calls `listen(events)`.
pub(super) fn listener(listen: &ListenFunction<'_>) -> napi::Result<Listener> {
    let built = listen.build_threadsafe_function::<Vec<String>>();
    let built = built.weak::<true>().callee_handled::<false>();
    let function: Arc<EventFunction> =
        Arc::new(built.build_callback(|context| Ok(FnArgs::from((context.value,))))?);
    Ok(Box::new(move |events| {
        function.call(events.to_vec(), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}
