//! `secrets …`: the passphrase and the keys.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli::Surroundings;
use crate::cli::arguments::{Passphrase, Secrets, Shared};
use crate::cli::exit::{Ended, Exit};
use crate::cli::folder;
use crate::cli::output::{Output, Tone};
use crate::cli::passphrase::{self, Silence};
use crate::json;
use crate::store::Store;

pub(super) fn run(
    secrets: &Secrets,
    shared: &Shared,
    output: &Output,
    around: &Surroundings<'_>,
) -> Ended {
    let store = folder::open(shared, output)?;
    let _silence = Silence::begin();
    let exit = match secrets {
        Secrets::Status => status(&store, output),
        Secrets::ChangePassphrase { passphrase, next } => {
            unlock(&store, passphrase, around)?;
            let next = next.get(around)?;
            store.call_with("secrets.changePassphrase", "[]", Some(next))?;
            done("the passphrase was changed; give the app the new one", output)
        }
        Secrets::CreateRecoveryKey(passphrase) => {
            unlock(&store, passphrase, around)?;
            create_recovery_key(&store, output)
        }
        Secrets::Recover { recovery_key_file, next } => {
            let key = passphrase::recovery_key(recovery_key_file.as_deref(), around)?;
            let next = next.get(around)?;
            let quoted = key.quoted()?;
            let args = Zeroizing::new(format!("[{}]", *quoted));
            store.call_with("secrets.recover", &args, Some(next))?;
            done("the secrets have another passphrase now; give it to the app", output)
        }
        Secrets::Rotate(passphrase) => {
            unlock(&store, passphrase, around)?;
            rotate(&store, output)
        }
    }?;
    store.close()?;
    Ok(exit)
}

/// Opens the keys; where there are none yet, nothing is made.
fn unlock(store: &Store, passphrase: &Passphrase, around: &Surroundings<'_>) -> Ended<()> {
    let passphrase = passphrase.get(around)?;
    let how = r#"[null,{"existing":true}]"#;
    store.call_with("secrets.unlock", how, Some(passphrase))?;
    Ok(())
}

fn status(store: &Store, output: &Output) -> Ended {
    let status = json::parse(&store.call("secrets.status", "[]")?)?;
    output.answer(&status, || told(&status))?;
    Ok(Exit::Clean)
}

fn told(status: &Value) -> String {
    if status["initialized"] != json!(true) {
        return "no secret was ever sealed here: there is no passphrase yet".to_owned();
    }
    let since = |name: &str, never: &str| status[name].as_str().unwrap_or(never).to_owned();
    let mut lines = vec![
        format!("passphrase since    {}", since("passphraseSince", "unknown")),
        format!(
            "recovery key since  {}",
            since("recoveryKeySince", "there is none: make one by `secrets create-recovery-key`")
        ),
        format!("data key            {}", since("keyId", "unknown")),
        format!("derived by          {}", status["kdf"]),
    ];
    if status["rotating"] == json!(true) {
        lines.push("a rotation was interrupted: `secrets rotate` goes on with it".to_owned());
    }
    lines.join("\n")
}

fn create_recovery_key(store: &Store, output: &Output) -> Ended {
    let answer = Zeroizing::new(store.call("secrets.createRecoveryKey", "[]")?);
    let key = json::parse(&answer)?;
    let key = key.as_str().unwrap_or_default();
    output.note("Keep this on paper. It is shown this once, and the one before it is void:");
    output.answer(&json!({ "recoveryKey": key }), || key.to_owned())?;
    Ok(Exit::Clean)
}

fn rotate(store: &Store, output: &Output) -> Ended {
    let report = json::parse(&store.call("secrets.rotateKey", "[]")?)?;
    let unreadable = report["unreadable"].as_array().map_or(&[][..], Vec::as_slice);
    output.answer(&report, || rotated(&report, unreadable, output))?;
    Ok(Exit::found(!unreadable.is_empty()))
}

fn rotated(report: &Value, unreadable: &[Value], output: &Output) -> String {
    let first = format!("{} values are sealed with the new key", report["resealed"]);
    let rest = unreadable.iter().map(|place| {
        let word = |name: &str| place[name].as_str().unwrap_or_default();
        let head = output.painted("does not open", Tone::Bad);
        format!("{head} {} {} {}: it stays as it is", word("model"), word("id"), word("field"))
    });
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n")
}

fn done(sentence: &str, output: &Output) -> Ended {
    output.answer(&json!({ "done": true }), || sentence.to_owned())?;
    Ok(Exit::Clean)
}
