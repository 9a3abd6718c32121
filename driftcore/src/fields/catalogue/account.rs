//! `user.*` and `group.*`.

use crate::fields::Field;
use crate::fields::FieldType::Signed;
use crate::fields::FieldType::Text;
use crate::fields::FieldType::Unsigned;

/// Names of users and groups are the container's own; nothing reads its account files yet.
const NAMES: &str = "account names";

pub(super) const GROUP: &[Field] = &[
    Field::new("group.gid", Unsigned(32), "The process's group id."),
    Field::new("group.name", Text, "The process's group name."),
];

pub(super) const USER: &[Field] = &[
    Field::new("user.homedir", Text, "The user's home directory.").needs(NAMES),
    Field::new("user.loginname", Text, "The name of the user who logged in (audit)."),
    Field::new("user.loginuid", Signed(64), "The id of the user who logged in (audit), or -1."),
    Field::new("user.name", Text, "The process's user name."),
    Field::new("user.shell", Text, "The user's login shell.").needs(NAMES),
    Field::new("user.uid", Unsigned(32), "The process's user id."),
];
