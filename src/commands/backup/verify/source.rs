//! Reads a file to its end. What may bring nothing for ever, such as a FIFO or a terminal, is given up after a time of
//! silence.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::process::streams;
use crate::process::threads::{self, Need};
use crate::rdb::{Findings, Reader};

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: usize = 256 * 1024;
/// How many buffers may wait for the reader.
const WAITING: usize = 2;

/// Reads the file, which is standard input where the path is `-`. Returns how many bytes it has, and the findings.
///
/// # Errors
/// If it cannot be read; or if it is no regular file and brings nothing for `silence`, as a FIFO without a writer or
/// a terminal at which nobody types.
pub(super) fn read(path: &OsStr, silence: Duration) -> io::Result<(u64, Findings)> {
    if path == "-" && streams::stdin_is_null() {
        return Err(io::Error::other("standard input is closed, or is /dev/null"));
    }
    if path == "-" {
        return read_elsewhere(silence, || Ok(io::stdin().lock()));
    }
    // Opening a FIFO waits for its writer, so its type is asked for first.
    if fs::metadata(path)?.is_file() {
        return read_here(File::open(path)?);
    }
    let path = PathBuf::from(path);
    read_elsewhere(silence, move || File::open(path))
}

fn read_here(mut file: impl Read) -> io::Result<(u64, Findings)> {
    let mut taken = Taken::new();
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        match read_some(&mut file, &mut buffer)? {
            0 => return Ok(taken.finish()),
            count => taken.take(&buffer[..count]),
        }
    }
}

/// Reads in a thread of its own. Where the file is given up, the thread goes on waiting and ends with the process.
fn read_elsewhere<F, R>(silence: Duration, open: F) -> io::Result<(u64, Findings)>
where
    F: FnOnce() -> io::Result<R> + Send + 'static,
    R: Read,
{
    let (sender, pieces) = sync_channel(WAITING);
    threads::start(thread::Builder::new(), Need::Needed, move || {
        // Nobody listens any more where the file was given up.
        if let Err(error) = open().and_then(|file| send_all(file, &sender)) {
            let _ = sender.send(Err(error));
        }
    })?;
    let mut taken = Taken::new();
    while let Some(piece) = next(&pieces, silence)? {
        taken.take(&piece);
    }
    Ok(taken.finish())
}

/// Sends what a file holds, piece by piece.
fn send_all(mut file: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) -> io::Result<()> {
    loop {
        let mut buffer = vec![0; BUFFER_SIZE];
        let count = read_some(&mut file, &mut buffer)?;
        buffer.truncate(count);
        if count == 0 || sender.send(Ok(buffer)).is_err() {
            return Ok(());
        }
    }
}

/// The next piece, `None` after the last.
fn next(pieces: &Receiver<io::Result<Vec<u8>>>, silence: Duration) -> io::Result<Option<Vec<u8>>> {
    match pieces.recv_timeout(silence) {
        Ok(piece) => piece.map(Some),
        Err(RecvTimeoutError::Disconnected) => Ok(None),
        Err(RecvTimeoutError::Timeout) => {
            let seconds = silence.as_secs_f64();
            let text = format!("nothing came from it for {seconds} s; --timeout allows for more");
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }
    }
}

fn read_some(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// The bytes that were taken of a file.
struct Taken {
    reader: Reader,
    bytes: u64,
}

impl Taken {
    fn new() -> Self {
        Self {
            reader: Reader::new(),
            bytes: 0,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.reader.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn finish(self) -> (u64, Findings) {
        (self.bytes, self.reader.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails with these kinds, one after the other, and then has a byte.
    struct Failing(Vec<io::ErrorKind>);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.pop() {
                Some(kind) => Err(kind.into()),
                None => {
                    buffer[0] = 1;
                    Ok(1)
                }
            }
        }
    }

    #[test]
    fn a_read_that_a_signal_interrupts_is_made_again_and_no_other() {
        let mut buffer = [0];
        let interrupted = io::ErrorKind::Interrupted;
        assert_eq!(read_some(&mut Failing(vec![interrupted; 2]), &mut buffer).unwrap(), 1);
        let mut denied = Failing(vec![io::ErrorKind::PermissionDenied]);
        assert_eq!(
            read_some(&mut denied, &mut buffer).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }
}
