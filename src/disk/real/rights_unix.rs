//! Whose a file is, and who else may write it: Unix.

use rustix::fs::Stat;
use rustix::process::geteuid;

const OWNER_MAY_WRITE: u32 = 0o200;
const GROUP_MAY_WRITE: u32 = 0o020;
const OTHERS_MAY_WRITE: u32 = 0o002;

/// The owner, group and mode of a file or folder.
#[derive(Clone, Copy)]
pub(super) struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Rights {
    #[allow(clippy::useless_conversion, reason = "the mode has another type on other systems")]
    pub(super) fn of(stat: &Stat) -> Rights {
        Rights { owner: stat.st_uid, group: stat.st_gid, mode: u32::from(stat.st_mode) & 0o7777 }
    }

    /// Is it another user's, and this process not root's?
    pub(super) fn is_of_another(&self) -> bool {
        let me = geteuid().as_raw();
        me != 0 && self.owner != me
    }

    /// Why the system does not let this process write it, where that can be seen.
    pub(super) fn explain_refusal(&self) -> Option<String> {
        let (me, Rights { owner, mode, .. }) = (geteuid().as_raw(), *self);
        if owner != me {
            return Some(format!(
                "belongs to user {owner} (mode {mode:04o}), and this process runs as user {me}"
            ));
        }
        (mode & OWNER_MAY_WRITE == 0).then(|| format!("cannot be written (mode {mode:04o})"))
    }

    /// Who else could have written it, besides this process's user and root.
    pub(super) fn not_ours_alone(&self) -> Option<String> {
        self.not_alone(geteuid().as_raw())
    }

    fn not_alone(&self, me: u32) -> Option<String> {
        let Rights { owner, group, mode } = *self;
        if owner != me && owner != 0 {
            return Some(format!("it belongs to user {owner}, this process runs as user {me}"));
        }
        if mode & OTHERS_MAY_WRITE != 0 {
            return Some(format!("every user may write it (mode {mode:04o})"));
        }
        // Many systems give each user a group of their own, with the same number, and let new files
        // be writable by it; that says no more than the owner does.
        let own_group = group == owner;
        (mode & GROUP_MAY_WRITE != 0 && !own_group)
            .then(|| format!("group {group} may write it (mode {mode:04o})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_else_could_have_written_it_is_told() {
        let ours = 1000;
        for (owner, group, mode, told) in [
            (1000, 1000, 0o600, None),
            (1000, 50, 0o644, None),
            (0, 0, 0o644, None),
            (0, 0, 0o664, None),
            (1000, 1000, 0o664, None),
            (33, 33, 0o600, Some("it belongs to user 33, this process runs as user 1000")),
            (1000, 50, 0o660, Some("group 50 may write it (mode 0660)")),
            (0, 1000, 0o770, Some("group 1000 may write it (mode 0770)")),
            (1000, 1000, 0o666, Some("every user may write it (mode 0666)")),
            (0, 0, 0o1777, Some("every user may write it (mode 1777)")),
        ] {
            let rights = Rights { owner, group, mode };
            assert_eq!(rights.not_alone(ours).as_deref(), told, "{owner} {group} {mode:o}");
        }
        let of_another = Rights { owner: 1000, group: 1000, mode: 0o600 };
        assert!(of_another.not_alone(0).is_some(), "root reads what a user has written");
    }
}
