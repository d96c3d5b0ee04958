//! A terminal for tests.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use time::UtcOffset;

use crate::process::terminal::{Size, Terminal};
use crate::process::world::{Stream, World};
use crate::retry::hand::Hand;

/// A world whose standard error is a terminal, with what was written there.
pub(crate) struct Screen {
    pub(crate) world: World,
    pub(crate) clock: Arc<Hand>,
    pub(crate) window: Arc<Window>,
    written: Written,
}

/// The window of 24 rows, and whether the program is in its foreground.
pub(crate) struct Window {
    pub(crate) columns: AtomicU16,
    pub(crate) has_program: AtomicBool,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Screen {
    /// A terminal of this type and width.
    pub(crate) fn new(term: &'static str, columns: u16) -> Self {
        let (clock, written) = (Arc::new(Hand::default()), Written::default());
        let window = Arc::new(Window {
            columns: AtomicU16::new(columns),
            has_program: AtomicBool::new(true),
        });
        let mut stderr = Stream::to(written.clone());
        stderr.terminal = Some(Arc::clone(&window) as _);
        let world = World {
            args: Vec::new(),
            env: Box::new(move |name| (name == "TERM").then(|| term.into())),
            home: None,
            stdout: Stream::to(io::sink()),
            stdout_may_be_closed: || false,
            stderr,
            clock: Arc::clone(&clock) as _,
            local_offset: |_| Some(UtcOffset::UTC),
            random: |_| Ok(()),
        };
        Self {
            world,
            clock,
            window,
            written,
        }
    }

    /// What was written since the last look.
    pub(crate) fn taken(&self) -> String {
        let bytes = std::mem::take(&mut *self.written.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }
}

impl Terminal for Window {
    fn size(&self) -> Option<Size> {
        let columns = self.columns.load(Ordering::Relaxed);
        Some(Size { columns, rows: 24 })
    }

    fn is_in_foreground(&self) -> bool {
        self.has_program.load(Ordering::Relaxed)
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
