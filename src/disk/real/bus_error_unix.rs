//! What happens when a mapped file no longer backs its memory: Unix.
//!
//! The kernel then sends SIGBUS to the thread that touched the memory. The handler here maps an
//! empty page over it, as systemd's journal does for its files, so that the access goes on and its
//! caller finds zeros. Every other SIGBUS is handed to whoever handled it before.

#![allow(unsafe_code, reason = "signal handlers are C's")]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::shared_memory::LEN;

/// One mapping that is watched. Entries are never freed, only used again, so the handler may walk
/// through them at any moment; there are as many as mappings were ever open at once.
struct Entry {
    /// Where the mapping starts; 0 while the entry is free.
    start: AtomicUsize,
    next: OnceLock<&'static Entry>,
}

static FIRST: Entry = Entry::free();
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

impl Entry {
    const fn free() -> Entry {
        Entry { start: AtomicUsize::new(0), next: OnceLock::new() }
    }

    fn take(&self, start: usize) -> bool {
        let taken = self.start.compare_exchange(0, start, Ordering::AcqRel, Ordering::Relaxed);
        taken.is_ok()
    }
}

/// Watches the memory of one mapping until it is dropped.
pub(super) struct Watch {
    entry: &'static Entry,
}

impl Watch {
    /// Watches [`LEN`] bytes from `start`, the address of a mapping that outlives the watch.
    pub(super) fn over(start: usize) -> Watch {
        install();
        let mut entry = &FIRST;
        while !entry.take(start) {
            entry = entry.next.get_or_init(|| Box::leak(Box::new(Entry::free())));
        }
        Watch { entry }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.entry.start.store(0, Ordering::Release);
    }
}

/// Puts the handler in place, once in a process.
fn install() {
    PREVIOUS.get_or_init(|| {
        let mut previous = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: both structures are valid for the call; zeroes are a valid `sigaction`, and the
        // handler does only what a signal handler may: atomics, `mmap`, `sigaction`, `raise`.
        unsafe {
            let mut ours: libc::sigaction = MaybeUninit::zeroed().assume_init();
            ours.sa_sigaction = on_bus_error as *const () as usize;
            ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigemptyset(&raw mut ours.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const ours, previous.as_mut_ptr());
            previous.assume_init()
        }
    });
}

extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a valid `info` to a handler with SA_SIGINFO. It has an address when
    // the kernel itself sent the signal, which a positive code says.
    let fault = unsafe { ((*info).si_code > 0).then(|| (*info).si_addr() as usize) };
    if !fault.is_some_and(replace) {
        hand_on(signal, info, context);
    }
}

/// Maps an empty page over the mapping in which `address` lies; `false` where none is.
fn replace(address: usize) -> bool {
    let within = |start: usize| start != 0 && (start..start + LEN).contains(&address);
    let mut next = Some(&FIRST);
    while let Some(entry) = next {
        let start = entry.start.load(Ordering::Acquire);
        if within(start) {
            return map_empty_page(start);
        }
        next = entry.next.get().copied();
    }
    false
}

fn map_empty_page(start: usize) -> bool {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED;
    // SAFETY: the range is exactly that of a mapping that we made and that is still in use, since
    // its watch is dropped before it; only atomics are ever used on it, and they may see zeros.
    let mapped =
        unsafe { libc::mmap(ptr::without_provenance_mut(start), LEN, protection, flags, -1, 0) };
    mapped != libc::MAP_FAILED
}

/// Does what would have happened without this handler.
fn hand_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    type WithInfo = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
    let previous = PREVIOUS.get();
    let action = previous.map_or(libc::SIG_DFL, |previous| previous.sa_sigaction);
    if action == libc::SIG_DFL || action == libc::SIG_IGN {
        // SAFETY: a process may always set a signal's default and send it to itself; it ends when
        // the handler returns, as it would have without us.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    } else if previous.is_some_and(|previous| previous.sa_flags & libc::SA_SIGINFO != 0) {
        // SAFETY: with SA_SIGINFO the address is that of a function of this type.
        let handler = unsafe { std::mem::transmute::<usize, WithInfo>(action) };
        handler(signal, info, context);
    } else {
        // SAFETY: without SA_SIGINFO the address is that of a function of the signal alone.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(action) };
        handler(signal);
    }
}
