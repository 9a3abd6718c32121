//! Command line options as POSIX `getopt` reads them: `-a`, `-bvalue`, `-b value`, `-ab value`.
//! What is no option is passed over; `--` ends the options.

/// Where a reading of arguments has come to.
#[derive(Debug, Default)]
pub(super) struct State {
    argument: usize,
    /// The next letter of a group (`-ab`); 0 at an argument's start.
    letter: usize,
    ended: bool,
}

/// An option that was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) option: u8,
    /// The option takes a value: it lies in this argument, behind `skip` bytes. Else it is empty.
    pub(super) has_value: bool,
    pub(super) argument: usize,
    pub(super) skip: usize,
}

impl State {
    /// The next option of `options` (letters, each with `:` behind it when it takes a value).
    /// Unknown ones, and those whose value is not there, are passed over.
    pub(super) fn next<'a>(
        &mut self,
        options: &[u8],
        count: usize,
        text: impl Fn(usize) -> &'a [u8],
    ) -> Option<Found> {
        while !self.ended && self.argument < count {
            let argument = text(self.argument);
            if self.letter == 0 {
                if argument == b"--" {
                    self.ended = true;
                    return None;
                }
                if argument.len() < 2 || argument.first() != Some(&b'-') {
                    self.argument += 1;
                    continue;
                }
                self.letter = 1;
            }
            let Some(&option) = argument.get(self.letter) else {
                self.argument += 1;
                self.letter = 0;
                continue;
            };
            self.letter += 1;
            let at = options.iter().position(|known| *known == option && option != b':');
            let Some(at) = at else { continue };
            if options.get(at + 1) != Some(&b':') {
                let argument = self.argument;
                return Some(Found { option, has_value: false, argument, skip: 0 });
            }
            let (attached, skip) = (self.letter < argument.len(), self.letter);
            let here = self.argument;
            self.letter = 0;
            if attached {
                self.argument += 1;
                return Some(Found { option, has_value: true, argument: here, skip });
            }
            self.argument += 2;
            if here + 1 < count {
                return Some(Found { option, has_value: true, argument: here + 1, skip: 0 });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &str, arguments: &[&'static str]) -> Vec<(char, &'static str)> {
        let mut state = State::default();
        let mut all = Vec::new();
        while let Some(found) =
            state.next(options.as_bytes(), arguments.len(), |index| arguments[index].as_bytes())
        {
            let value = if found.has_value { &arguments[found.argument][found.skip..] } else { "" };
            all.push((char::from(found.option), value));
        }
        all
    }

    #[test]
    fn options_are_read_as_getopt_does() {
        assert_eq!(
            read("a:b", &["-a", "1", "x", "-b", "-a2"]),
            [('a', "1"), ('b', ""), ('a', "2")]
        );
        assert_eq!(read("a:b", &["-ba", "v"]), [('b', ""), ('a', "v")]);
        assert_eq!(read("a:b", &["-bav", "-"]), [('b', ""), ('a', "v")]);
        assert_eq!(read("a:b", &["-zb", "--", "-b"]), [('b', "")]);
        assert_eq!(read("a:b", &["-a"]), []);
        assert_eq!(read("a:b", &["-a", "--", "-b"]), [('a', "--"), ('b', "")]);
        assert_eq!(read(":a", &["-:"]), []);
    }
}
