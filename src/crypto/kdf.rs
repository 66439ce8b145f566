//! From a passphrase to a key, slowly: Argon2id, and PBKDF2-HMAC-SHA256 for those who must.
//!
//! What a file asks for is checked against a floor (an edited file could make the passphrase cheap
//! to guess) and a ceiling (it could eat the machine) before anything is computed.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroize;

use super::aead::bind;
use super::fields::Fields;
use super::secret::{Key, Secret, random};
use crate::error::{Code, Error, Result};

/// Bytes of a salt.
pub(super) const SALT_LEN: usize = 16;

const ARGON2ID: &str = "argon2id";
const PBKDF2: &str = "pbkdf2-sha256";

/// The range of one cost.
struct Limits {
    key: &'static str,
    floor: u32,
    ceiling: u32,
}

const MEMORY_KIB: Limits = Limits { key: "memoryKib", floor: 19 * 1024, ceiling: 1024 * 1024 };
const PASSES: Limits = Limits { key: "passes", floor: 2, ceiling: 16 };
const LANES: Limits = Limits { key: "lanes", floor: 1, ceiling: 16 };
const ITERATIONS: Limits = Limits { key: "iterations", floor: 600_000, ceiling: 10_000_000 };

impl Limits {
    fn accept(&self, cost: u32) -> bool {
        (self.floor..=self.ceiling).contains(&cost)
    }

    fn expected(&self) -> String {
        format!("{} to {}", self.floor, self.ceiling)
    }
}

/// How hard a key derivation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Costs {
    /// Argon2id (RFC 9106), version 0x13.
    Argon2id {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes; they are computed one after another.
        lanes: u32,
    },
    /// PBKDF2 with HMAC-SHA256 (RFC 8018).
    Pbkdf2Sha256 {
        /// Iterations.
        iterations: u32,
    },
}

impl Default for Costs {
    /// About five times the work of OWASP's lowest.
    fn default() -> Costs {
        Costs::Argon2id { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

impl Costs {
    /// The least that is accepted, which is OWASP's: for tests and very small machines.
    pub const LOWEST: Costs =
        Costs::Argon2id { memory_kib: MEMORY_KIB.floor, passes: PASSES.floor, lanes: LANES.floor };

    /// The costs that a user asks for: `{ "memoryKib": 131072 }`, with a `kdf` where it is not
    /// `argon2id`. What is absent is the default.
    ///
    /// # Errors
    /// `VALIDATION` with every fault, costs under the floor and over the ceiling among them.
    pub fn from_value(value: &Value) -> Result<Costs> {
        let mut fields = Fields::of(value, "");
        let defaults = match fields.value("kdf").map(Value::as_str) {
            None | Some(Some(ARGON2ID)) => Costs::default(),
            Some(Some(PBKDF2)) => Costs::Pbkdf2Sha256 { iterations: ITERATIONS.floor },
            Some(_) => {
                fields.fault("kdf", "argon2id or pbkdf2-sha256");
                Costs::default()
            }
        };
        let costs = defaults.map(|limits, default| match fields.value(limits.key) {
            None => default,
            Some(_) => fields.number(limits.key),
        });
        for (limits, _) in costs.each().into_iter().filter(|(limits, cost)| !limits.accept(*cost)) {
            fields.fault(limits.key, &limits.expected());
        }
        fields.given("the key derivation")?;
        Ok(costs)
    }

    /// The costs in an object of a file. They may be anything: [`Costs::check`] them before use.
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Costs> {
        let costs = match fields.needed("kdf", "a name", |kdf| kdf.as_str().map(Some)) {
            // Without a name, which is a fault, the costs are still looked at.
            Some(ARGON2ID) | None => Costs::default(),
            Some(PBKDF2) => Costs::Pbkdf2Sha256 { iterations: 0 },
            Some(_) => {
                return Err(Error::new(
                    Code::UnsupportedVersion,
                    "this version knows the key derivations argon2id and pbkdf2-sha256, and the \
                     file names another; use a newer version of quilltap-store",
                ));
            }
        };
        Ok(costs.map(|limits, _| fields.number(limits.key)))
    }

    /// Refuses costs that no version of this package writes: whoever wrote them wants a passphrase
    /// that is cheap to guess, or a machine that is busy.
    ///
    /// # Errors
    /// `TAMPERED`.
    pub(super) fn check(self) -> Result<()> {
        let Some((limits, cost)) = self.each().into_iter().find(|(l, cost)| !l.accept(*cost))
        else {
            return Ok(());
        };
        Err(Error::new(
            Code::Tampered,
            format!(
                "the costs of the key derivation were edited: {} is {cost}, and can be {}; restore \
                 the file from a backup",
                limits.key,
                limits.expected()
            ),
        ))
    }

    /// Writes the name and the costs, in the order of the file.
    pub(super) fn write(self, map: &mut Map<String, Value>) {
        map.insert("kdf".into(), self.name().into());
        for (limits, cost) in self.each() {
            map.insert(limits.key.into(), cost.into());
        }
    }

    /// The name and the costs as part of associated data.
    pub(super) fn bound(self) -> Vec<u8> {
        let costs: Vec<[u8; 4]> = self.each().into_iter().map(|(_, c)| c.to_be_bytes()).collect();
        bind(&[self.name().as_bytes(), costs.as_flattened()])
    }

    fn name(self) -> &'static str {
        match self {
            Costs::Argon2id { .. } => ARGON2ID,
            Costs::Pbkdf2Sha256 { .. } => PBKDF2,
        }
    }

    fn map(self, mut cost: impl FnMut(&'static Limits, u32) -> u32) -> Costs {
        match self {
            Costs::Argon2id { memory_kib, passes, lanes } => Costs::Argon2id {
                memory_kib: cost(&MEMORY_KIB, memory_kib),
                passes: cost(&PASSES, passes),
                lanes: cost(&LANES, lanes),
            },
            Costs::Pbkdf2Sha256 { iterations } => {
                Costs::Pbkdf2Sha256 { iterations: cost(&ITERATIONS, iterations) }
            }
        }
    }

    fn each(self) -> Vec<(&'static Limits, u32)> {
        let mut all = Vec::new();
        self.map(|limits, cost| {
            all.push((limits, cost));
            cost
        });
        all
    }
}

/// A key derivation: costs and salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kdf {
    pub(super) costs: Costs,
    pub(super) salt: [u8; SALT_LEN],
}

impl Kdf {
    /// With a new salt.
    pub(super) fn new(costs: Costs) -> Result<Kdf> {
        Ok(Kdf { costs, salt: random()? })
    }

    /// The key of a passphrase. Slow, and checked before it is.
    ///
    /// # Errors
    /// `TAMPERED` for costs out of their limits; `IO` when there is not that much memory.
    pub(super) fn key(&self, passphrase: &Secret) -> Result<Key> {
        self.costs.check()?;
        Key::filled(|out| match self.costs {
            Costs::Argon2id { memory_kib, passes, lanes } => {
                let params = Params::new(memory_kib, passes, lanes, None).map_err(unusable)?;
                let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                argon2(&argon, passphrase.expose(), &self.salt, out)
            }
            Costs::Pbkdf2Sha256 { iterations } => {
                pbkdf2(passphrase.expose(), &self.salt, iterations, out);
                Ok(())
            }
        })
    }
}

/// The memory is ours, so that too much of it is an error, and so that it can be wiped: its end
/// gives the key.
fn argon2(argon: &Argon2<'_>, passphrase: &[u8], salt: &[u8], out: &mut [u8]) -> Result<()> {
    let count = argon.params().block_count();
    let mut memory: Vec<Block> = Vec::new();
    memory.try_reserve_exact(count).map_err(|_| {
        let mib = count / 1024;
        let message =
            format!("cannot get the {mib} MiB that the passphrase's key derivation asks for");
        Error::new(Code::Io, message)
    })?;
    memory.resize(count, Block::new());
    let done = argon.hash_password_into_with_memory(passphrase, salt, out, memory.as_mut_slice());
    memory.iter_mut().for_each(Zeroize::zeroize);
    done.map_err(unusable)
}

/// PBKDF2-HMAC-SHA256.
pub(super) fn pbkdf2(passphrase: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, iterations, out);
}

fn unusable(error: argon2::Error) -> Error {
    Error::new(Code::Validation, format!("the passphrase cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::test_hex::bytes;
    use super::*;
    use serde_json::json;

    /// RFC 9106, section 5.3, which also has a secret and associated data.
    #[test]
    fn argon2id_vector_of_the_rfc() {
        let data = argon2::AssociatedData::new(&[4; 12]).expect("short");
        let params = argon2::ParamsBuilder::new().m_cost(32).t_cost(3).p_cost(4).data(data).build();
        let argon = Argon2::new_with_secret(
            &[3; 8],
            Algorithm::Argon2id,
            Version::V0x13,
            params.expect("the RFC's"),
        );
        let mut key = [0; 32];
        argon2(&argon.expect("short"), &[1; 32], &[2; 16], &mut key).expect("a key");
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(key.to_vec(), bytes(expected));
    }

    /// From the tests of the reference implementation, as a slot derives it.
    #[test]
    fn argon2id_vector_of_the_reference() {
        let params = Params::new(64 * 1024, 2, 1, None).expect("the reference's");
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = [0; 32];
        argon2(&argon, b"password", b"somesalt", &mut key).expect("a key");
        let expected = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7";
        assert_eq!(key.to_vec(), bytes(expected));
    }

    /// RFC 7914, section 11.
    #[test]
    fn pbkdf2_vectors() {
        let mut key = [0; 64];
        pbkdf2(b"passwd", b"salt", 1, &mut key);
        let expected = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                        49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783";
        assert_eq!(key.to_vec(), bytes(expected));
        pbkdf2(b"Password", b"NaCl", 80_000, &mut key);
        let expected = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
                        a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d";
        assert_eq!(key.to_vec(), bytes(expected));
    }

    #[test]
    fn a_slot_derives_what_the_algorithms_give() {
        let salt = [9; SALT_LEN];
        let passphrase = Secret::copy_of(b"correct horse");
        let mut expected = [0; 32];
        pbkdf2(b"correct horse", &salt, 600_000, &mut expected);
        let costs = Costs::Pbkdf2Sha256 { iterations: 600_000 };
        assert_eq!(Kdf { costs, salt }.key(&passphrase).expect("a key").expose(), &expected);
        let lowest = Kdf { costs: Costs::LOWEST, salt };
        let key = lowest.key(&passphrase).expect("a key");
        assert_eq!(lowest.key(&passphrase).expect("a key"), key);
        assert_ne!(lowest.key(&Secret::copy_of(b"correct horsf")).expect("a key"), key);
        let other_salt = Kdf { salt: [8; SALT_LEN], ..lowest };
        assert_ne!(other_salt.key(&passphrase).expect("a key"), key);
    }

    #[test]
    fn costs_beyond_their_limits_are_refused_before_they_are_computed() {
        let argon = |memory_kib, passes, lanes| Costs::Argon2id { memory_kib, passes, lanes };
        for costs in [
            argon(19 * 1024 - 1, 2, 1),
            argon(19 * 1024, 1, 1),
            argon(19 * 1024, 2, 0),
            argon(1024 * 1024 + 1, 2, 1),
            argon(u32::MAX, u32::MAX, u32::MAX),
            argon(19 * 1024, 17, 1),
            argon(19 * 1024, 2, 17),
            Costs::Pbkdf2Sha256 { iterations: 599_999 },
            Costs::Pbkdf2Sha256 { iterations: 10_000_001 },
        ] {
            let kdf = Kdf { costs, salt: [0; SALT_LEN] };
            let error = kdf.key(&Secret::copy_of(b"x")).expect_err("out of limits");
            assert_eq!(error.code(), Code::Tampered, "{costs:?}");
        }
    }

    #[test]
    fn a_user_may_set_the_costs_within_their_limits() {
        let costs = |value| Costs::from_value(&value);
        assert_eq!(costs(json!({})).expect("defaults"), Costs::default());
        let high = costs(json!({"memoryKib": 131_072, "passes": 4})).expect("in limits");
        assert_eq!(high, Costs::Argon2id { memory_kib: 131_072, passes: 4, lanes: 1 });
        let pbkdf2 = costs(json!({"kdf": "pbkdf2-sha256"})).expect("known");
        assert_eq!(pbkdf2, Costs::Pbkdf2Sha256 { iterations: 600_000 });
        for (bad, faults) in [
            (json!({"memoryKib": 1, "passes": 1, "lanes": 99}), 3),
            (json!({"memory": 65_536}), 1),
            (json!({"kdf": "scrypt"}), 1),
            (json!({"kdf": "pbkdf2-sha256", "passes": 3}), 1),
            (json!({"passes": 2.5}), 2),
            (json!("fast"), 1),
        ] {
            let error = costs(bad.clone()).expect_err("refused");
            assert_eq!(
                (error.code(), error.all_issues().len()),
                (Code::Validation, faults),
                "{bad}"
            );
        }
    }
}
