//! `user.*` and `group.*`: numbers of the initial user namespace, and names for them. A name that
//! is not known is the text `<NA>`, never missing.

use crate::fields::Field;
use crate::fields::FieldType::Signed;
use crate::fields::FieldType::Text;
use crate::fields::FieldType::Unsigned;

pub(super) const GROUP: &[Field] = &[
    Field::new("group.gid", Unsigned(32), "The process's group id."),
    Field::new(
        "group.name",
        Text,
        "The process's group name, by the container's own `/etc/group`.",
    ),
];

pub(super) const USER: &[Field] = &[
    Field::new(
        "user.homedir",
        Text,
        "The user's home directory, by the container's own `/etc/passwd`.",
    ),
    Field::new(
        "user.loginname",
        Text,
        "The name of the user who logged in (audit), by the host's `/etc/passwd`.",
    ),
    Field::new("user.loginuid", Signed(64), "The id of the user who logged in (audit), or -1."),
    Field::new("user.name", Text, "The process's user name, by the container's own `/etc/passwd`."),
    Field::new("user.shell", Text, "The user's login shell, by the container's own `/etc/passwd`."),
    Field::new("user.uid", Unsigned(32), "The process's user id."),
];
