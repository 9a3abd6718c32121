//! Digests of contents, by any of the algorithms that databases use.

use std::io;
use std::io::Read;

use md5::Md5;
use sha1::Sha1;
use sha2::Sha224;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

use super::Algorithm;
use super::Digest;

/// How much is read at a time.
const BUFFER: usize = 64 << 10;

/// The digest of all that a reader gives.
pub(super) fn digest_of(algorithm: Algorithm, from: &mut dyn Read) -> io::Result<Option<Digest>> {
    match algorithm {
        Algorithm::Md5 => hash::<Md5>(algorithm, from),
        Algorithm::Sha1 => hash::<Sha1>(algorithm, from),
        Algorithm::Sha224 => hash::<Sha224>(algorithm, from),
        Algorithm::Sha256 => hash::<Sha256>(algorithm, from),
        Algorithm::Sha384 => hash::<Sha384>(algorithm, from),
        Algorithm::Sha512 => hash::<Sha512>(algorithm, from),
    }
}

fn hash<H: sha2::Digest>(algorithm: Algorithm, from: &mut dyn Read) -> io::Result<Option<Digest>> {
    let mut hasher = H::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..length).unwrap_or_default());
    }
    Ok(Digest::new(algorithm, &hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        for (algorithm, start) in [
            (Algorithm::Md5, "md5:900150983cd24fb0"),
            (Algorithm::Sha1, "sha1:a9993e364706816a"),
            (Algorithm::Sha224, "sha224:23097d223405d822"),
            (Algorithm::Sha256, "sha256:ba7816bf8f01cfea"),
            (Algorithm::Sha384, "sha384:cb00753f45a35e8b"),
            (Algorithm::Sha512, "sha512:ddaf35a193617aba"),
        ] {
            let digest = digest_of(algorithm, &mut &b"abc"[..]).unwrap().unwrap();
            assert!(digest.to_string().starts_with(start), "{digest}");
        }
    }
}
