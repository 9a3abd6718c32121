//! Decompressing layers, within bounds.
//!
//! Both decoders are written in Rust: what they read is hostile, and the crate needs no C compiler.

use std::cell::Cell;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Cursor;
use std::io::Read;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::errors::ReadFrameHeaderError;

use super::Fault;
use super::Limits;

/// Bytes by which compressions are told apart.
pub(super) const HEAD: u64 = 6;

/// The content of a compressed or plain stream.
pub(super) fn decompress<'a>(mut source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut head = Vec::new();
    source.by_ref().take(HEAD).read_to_end(&mut head)?;
    let kind = kind(&head).map_err(io::Error::other)?;
    let source = Cursor::new(head).chain(source);
    Ok(match kind {
        Kind::Plain => Box::new(source),
        Kind::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, source))),
        Kind::Zstd => Box::new(Zstd::new(BufReader::with_capacity(64 << 10, source))),
    })
}

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Gzip,
    Zstd,
}

/// How a stream is compressed that begins with these bytes.
pub(super) fn kind(head: &[u8]) -> Result<Kind, Fault> {
    let unsupported = |name: &str| Err(Fault::Compression(format!("{name} is not supported")));
    match head {
        [0x1f, 0x8b, ..] => Ok(Kind::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Kind::Zstd),
        [b'B', b'Z', b'h', ..] => unsupported("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => unsupported("xz"),
        _ => Ok(Kind::Plain),
    }
}

/// The frames of a Zstandard stream one after the other. Some builders write many, and some that
/// have no content.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

/// How much of a frame is decoded ahead.
const AHEAD: usize = 128 << 10;

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), in_frame: false }
    }

    /// Goes to the next frame that has content. False at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped =
                        io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(zstd_error(&error)),
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy;

        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            let length = self.decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            if self.decoder.is_finished() && self.decoder.can_collect() == 0 {
                self.in_frame = false;
                continue;
            }
            let ahead = BlockDecodingStrategy::UptoBytes(AHEAD);
            let decoded = self.decoder.decode_blocks(&mut self.source, ahead);
            decoded.map_err(|error| zstd_error(&error))?;
        }
    }
}

fn zstd_error(error: &FrameDecoderError) -> io::Error {
    io::Error::other(Fault::Compression(format!("Zstandard: {error}")))
}

/// Ends with an error where the content becomes larger than allowed, at all or for what it was
/// made of.
pub(super) struct Bounded<'a, R> {
    source: R,
    limits: &'a Limits,
    /// Bytes that were read of what is decompressed.
    compressed: Rc<Cell<u64>>,
    read: u64,
}

impl<'a, R> Bounded<'a, R> {
    pub(super) const fn new(source: R, limits: &'a Limits, compressed: Rc<Cell<u64>>) -> Self {
        Self { source, limits, compressed, read: 0 }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.read += length as u64;
        let Limits { layer, ratio, free, .. } = *self.limits;
        let exceeded = |what, limit| Err(io::Error::other(Fault::Limit { what, limit }));
        if self.read > layer {
            return exceeded("bytes of a layer", layer);
        }
        if self.read > free && self.read / ratio.max(1) > self.compressed.get() {
            return exceeded("bytes that one compressed byte becomes", ratio);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn all(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        decompress(bytes)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn each_compression_is_known_by_its_first_bytes() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(all(&content).unwrap(), content);
        assert_eq!(all(&gzip(&content)).unwrap(), content);
        assert_eq!(all(&zstd(&content)).unwrap(), content);
        assert_eq!(all(b"").unwrap(), b"");
    }

    #[test]
    fn members_and_frames_follow_one_another() {
        let twice = |bytes: Vec<u8>| [bytes.clone(), bytes].concat();
        assert_eq!(all(&twice(gzip(b"ab"))).unwrap(), b"abab");
        let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
        let frames =
            [&skipped[..], &zstd(b"ab"), skipped, &zstd(b""), &zstd(b"c"), skipped].concat();
        assert_eq!(all(&frames).unwrap(), b"abc");
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_an_error() {
        for bytes in [gzip(b"abcdef"), zstd(b"abcdef")] {
            for length in 6..bytes.len() - 1 {
                assert!(all(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
            }
        }
        assert!(all(b"\x50\x2a\x4d\x18\x09\0\0\0abc").is_err());
        for (bytes, name) in [(&b"BZh91AY"[..], "bzip2"), (b"\xfd7zXZ\0\0", "xz")] {
            let error = all(bytes).unwrap_err().to_string();
            assert_eq!(error, format!("it cannot be decompressed: {name} is not supported"));
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = gzip(&vec![0; 4 << 20]);
        let limits = Limits { free: 1 << 20, ratio: 100, ..Limits::default() };
        let compressed = Rc::new(Cell::new(bomb.len() as u64));
        let source = decompress(bomb.as_slice()).unwrap();
        let error = io::copy(&mut Bounded::new(source, &limits, compressed), &mut io::sink());
        let expected = "bytes that one compressed byte becomes: more than 100";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
}
