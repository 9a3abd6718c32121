//! Values that may be secrets, and names that are code.

use data_encoding::HEXLOWER;
use sha2::Digest;
use sha2::Sha256;

use crate::event::Text;

/// Longest value that is shown as it is, in bytes.
const SHOWN_MAX: usize = 4096;

/// Variables that make programs load or run other code.
const INJECTING: [&[u8]; 33] = [
    b"BASH_ENV",
    b"BASH_FUNC_",
    b"CLASSPATH",
    b"DOTNET_STARTUP_HOOKS",
    b"ENV",
    b"GCONV_PATH",
    b"GIT_EXEC_PATH",
    b"GIT_SSH_COMMAND",
    b"JAVA_TOOL_OPTIONS",
    b"JDK_JAVA_OPTIONS",
    b"LD_AUDIT",
    b"LD_LIBRARY_PATH",
    b"LD_PRELOAD",
    b"LOCPATH",
    b"LUA_CPATH",
    b"LUA_INIT",
    b"LUA_PATH",
    b"NODE_OPTIONS",
    b"NODE_PATH",
    b"OPENSSL_CONF",
    b"OPENSSL_ENGINES",
    b"PATH",
    b"PERL5DB",
    b"PERL5LIB",
    b"PERL5OPT",
    b"PHPRC",
    b"PHP_INI_SCAN_DIR",
    b"PROMPT_COMMAND",
    b"PYTHONHOME",
    b"PYTHONPATH",
    b"PYTHONSTARTUP",
    b"RUBYLIB",
    b"RUBYOPT",
];

/// Of those, the ones that are paths and names of files by what they are for, and others that never
/// are secrets. Options and commands (`JAVA_TOOL_OPTIONS`, `GIT_SSH_COMMAND`) may carry passwords.
const SHOWN: [&[u8]; 38] = [
    b"BASH_ENV",
    b"CLASSPATH",
    b"DEBIAN_FRONTEND",
    b"DOTNET_STARTUP_HOOKS",
    b"ENV",
    b"GCONV_PATH",
    b"GIT_EXEC_PATH",
    b"GOPATH",
    b"HOME",
    b"HOSTNAME",
    b"JAVA_HOME",
    b"LANG",
    b"LANGUAGE",
    b"LC_ALL",
    b"LD_AUDIT",
    b"LD_LIBRARY_PATH",
    b"LD_PRELOAD",
    b"LOCPATH",
    b"LUA_CPATH",
    b"LUA_PATH",
    b"NODE_OPTIONS",
    b"NODE_PATH",
    b"NODE_VERSION",
    b"OPENSSL_CONF",
    b"OPENSSL_ENGINES",
    b"PATH",
    b"PERL5LIB",
    b"PHPRC",
    b"PHP_INI_SCAN_DIR",
    b"PYTHONHOME",
    b"PYTHONPATH",
    b"PYTHONSTARTUP",
    b"PYTHON_VERSION",
    b"RUBYLIB",
    b"RUBYOPT",
    b"SHELL",
    b"TERM",
    b"TZ",
];

/// Whether a variable makes programs load or run other code.
pub(super) fn is_injecting(name: &[u8]) -> bool {
    is_injecting_by_name(name) || name.starts_with(b"BASH_FUNC_") || name.starts_with(b"LD_")
}

/// The same of those that are known one by one: of the others there may be any number.
pub(super) fn is_injecting_by_name(name: &[u8]) -> bool {
    INJECTING.contains(&name)
}

/// The value of a variable as it may be shown: itself where the name is known to hold no secret, else its
/// SHA-256.
pub(super) fn shown(name: &[u8], value: &[u8]) -> Text {
    if SHOWN.contains(&name) && value.len() <= SHOWN_MAX {
        return Text::from(value);
    }
    digest(value)
}

/// The SHA-256 in the form in which it stands for a value.
pub(super) fn digest(value: &[u8]) -> Text {
    text_of(&Sha256::digest(value))
}

/// The same of a digest that was taken already.
pub(super) fn text_of(digest: &[u8]) -> Text {
    Text::from(format!("sha256:{}", HEXLOWER.encode(digest)).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_are_no_secrets_are_shown() {
        assert_eq!(shown(b"PATH", b"/bin").as_bytes(), b"/bin");
        for name in ["PASSWORD", "PATHS", "path", "", "GIT_SSH_COMMAND", "JAVA_TOOL_OPTIONS"] {
            let text = shown(name.as_bytes(), b"hunter2");
            assert!(text.as_bytes().starts_with(b"sha256:f52fbd32"), "{name}: {text}");
        }
        let long = vec![b'x'; SHOWN_MAX + 1];
        assert!(shown(b"PATH", &long).as_bytes().starts_with(b"sha256:"));
    }

    #[test]
    fn variables_that_load_code_are_known() {
        for name in ["LD_PRELOAD", "LD_DEBUG", "BASH_FUNC_ls%%", "NODE_OPTIONS", "PATH"] {
            assert!(is_injecting(name.as_bytes()), "{name}");
        }
        for name in ["HOME", "OLDPATH", "XLD_PRELOAD", ""] {
            assert!(!is_injecting(name.as_bytes()), "{name}");
        }
    }
}
