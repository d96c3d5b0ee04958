//! Fetches what a sync wants: links are asked for a little ahead, all files share one transfer, and a
//! backup gets its folder when its last file is whole.
//!
//! The main thread alone knows how far each backup is. It gives orders to a few workers, which wait for the network
//! and the disk in its place and report what came of each order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::backup::{Ended, Running};
use super::ledger::Ledger;
use super::links::{Book, Request};
use super::recording::Recorder;
use super::untried::Untried;
use super::{Args, GRACE, result};
use crate::api::Client;
use crate::archive::manifest::Manifest;
use crate::archive::plan::Wanted;
use crate::archive::store::Store;
use crate::backups::Fetchable;
use crate::commands::Context;
use crate::config::Settings;
use crate::error;
use crate::process::threads::{self, Need};
use crate::terminal::escape::visible;
use crate::terminal::notes::Detail;
use crate::terminal::progress::Progress;
use crate::transfer::{self, Event, Hosts, Links, Transfer};

/// How many workers there are. Each asks for the links of one backup, or gives one its folder, at a time.
const WORKERS: usize = 8;
/// How long the main thread waits for an event of the transfer while orders are with the workers.
const BRIEFLY: Duration = Duration::from_millis(5);
/// How long it waits while none is.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How many backups are in the transfer for each connection. More than one, so that no connection waits for
/// links or for a folder to be named.
const AHEAD: usize = 2;

/// What a sync needs to fetch backups.
pub(super) struct Fetching<'a> {
    pub(super) store: &'a Store,
    /// A client that keeps the run's pace.
    pub(super) client: &'a Client<'a>,
    pub(super) settings: &'a Settings,
    pub(super) args: &'a Args,
    pub(super) context: &'a Context<'a>,
    pub(super) recorder: &'a Recorder<'a>,
    pub(super) stop: &'a Arc<AtomicBool>,
    /// The storage hosts to which no connection could be made in this sync.
    pub(super) hosts: Arc<Hosts>,
    /// The backups that are not tried for that reason.
    pub(super) untried: Untried,
}

/// What a worker is to do. A number is a backup's place in the plan.
enum Order {
    /// Ask for the links of a backup, unless an earlier run left it whole.
    Begin(usize),
    /// Ask for new links.
    Renew(Request),
    /// Give a whole backup its folder.
    Name(usize, Box<Manifest>),
}

/// What came of an order.
enum Done {
    Links(usize, Result<Vec<Fetchable>, String>),
    Named(usize, Box<Manifest>, Result<std::path::PathBuf, String>),
}

impl Fetching<'_> {
    /// Fetches the backups in their order. The ledger gets what came of each.
    pub(super) fn run(&self, wanted: &[Wanted], ledger: &mut Ledger) -> anyhow::Result<()> {
        if wanted.is_empty() || self.is_stopped() {
            wanted.iter().for_each(|wanted| note_interrupted(wanted, ledger));
            return Ok(());
        }
        let (orders, taken) = channel();
        let (done, results) = channel();
        let taken = Mutex::new(taken);
        let busy = AtomicUsize::new(0);
        let (requests, requested) = channel();
        let book = Arc::new(Book::new(requests));
        let transfer = self.transfer(&book, wanted)?;
        let world = self.context.world;
        let expected = wanted.iter().map(|wanted| wanted.size).sum();
        thread::scope(|scope| {
            // The run is dropped before the scope waits for the workers. It drops `orders`, which ends them.
            let mut run = Run {
                fetching: self,
                wanted,
                ledger,
                waiting: (0..wanted.len()).collect(),
                running: wanted.iter().map(|_| None).collect(),
                has_ended: vec![false; wanted.len()],
                under_way: 0,
                orders_out: 0,
                files: Vec::new(),
                transfer,
                progress: Progress::of_many(expected, &*world.clock, self.context.notes),
                book: &book,
                orders,
            };
            let mut workers = 0;
            for number in 0..WORKERS {
                let need = if number == 0 { Need::Needed } else { Need::Helpful };
                let (taken, done, busy) = (&taken, done.clone(), &busy);
                let work = move || self.work(wanted, taken, &done, busy);
                workers += usize::from(threads::start_in(scope, need, work).is_ok());
            }
            anyhow::ensure!(workers > 0, "the system gives no thread to fetch with");
            run.go(&results, &requested);
            run.conclude();
            if self.is_stopped() && busy.load(Ordering::Relaxed) > 0 {
                self.end_now(run.ledger);
            }
            Ok(())
        })
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn transfer(&self, book: &Arc<Book>, wanted: &[Wanted]) -> anyhow::Result<Transfer> {
        let links: Arc<dyn Links> = Arc::clone(book) as _;
        let args = &self.args.transfer;
        let mut options =
            self.context
                .transfer_options(self.settings, args.parallel, args.limit_rate, links, self.stop)?;
        options.hosts = Arc::clone(&self.hosts);
        let files = wanted.iter().map(|wanted| wanted.shards.unwrap_or(1));
        let files = files.fold(0, u64::saturating_add);
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        Transfer::open(files, options).context("the system gives no thread to fetch with")
    }

    /// Ends the process without waiting for the workers, one of which still waits for the network or the disk.
    fn end_now(&self, ledger: &mut Ledger) -> ! {
        ledger.remember(self.store, self.context.notes);
        let signal = self.context.interrupt.signal();
        let ended = result::conclude(ledger, Some(signal), self.args, self.context);
        let report = ended.map_or_else(|error| error::Report::of(&error), |()| result::interruption(signal));
        let report = self.recorder.interrupted(Some(ledger), report);
        self.context.end_interrupted(&report)
    }

    /// Carries out orders until there will be no more. `busy` counts the workers that carry one out.
    fn work(&self, wanted: &[Wanted], orders: &Mutex<Receiver<Order>>, done: &Sender<Done>, busy: &AtomicUsize) {
        loop {
            let order = orders.lock().unwrap_or_else(PoisonError::into_inner).recv();
            busy.fetch_add(1, Ordering::Relaxed);
            // Nobody listens any more once the run is given up.
            let _ = match order {
                Err(_) => return,
                Ok(Order::Begin(number)) => done.send(self.begin(number, &wanted[number])),
                Ok(Order::Renew(request)) => {
                    let links = self.links(&wanted[request.backup]);
                    let _ = request.reply.send(links);
                    Ok(())
                }
                Ok(Order::Name(number, manifest)) => {
                    let outcome = self.store.seal(&wanted[number].key, &manifest);
                    let outcome = outcome.map_err(|error| format!("its folder could not be finished: {error}"));
                    done.send(Done::Named(number, manifest, outcome))
                }
            };
            busy.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn begin(&self, number: usize, wanted: &Wanted) -> Done {
        match self.store.finish_interrupted(&wanted.key) {
            Ok(Some((folder, manifest))) => Done::Named(number, Box::new(manifest), Ok(folder)),
            Ok(None) if self.is_stopped() => Done::Links(number, Err("the sync was interrupted".to_owned())),
            Ok(None) => Done::Links(
                number,
                self.untried
                    .why_not(&wanted.key)
                    .map_or_else(|| self.links(wanted), Err),
            ),
            Err(error) => Done::Links(number, Err(format!("what is there of it cannot be used: {error}"))),
        }
    }

    /// The links of a backup as they are now at the service.
    fn links(&self, wanted: &Wanted) -> Result<Vec<Fetchable>, String> {
        let key = &wanted.key;
        let client = self.client.in_region(&key.region);
        let ask = || {
            let (answer, urls) = client.describe_download_url(&key.instance, &key.base_id, client.deadline())?;
            crate::backups::links(&answer, urls, self.args.transfer.internal)
        };
        let links = ask().map_err(|error| format!("there are no links: {}", visible(&error.to_string())))?;
        // Where the list does not tell how many shards there are, one more call does. It need not be permitted.
        let info = || {
            client
                .describe_backup_info(&key.instance, &key.base_id, client.deadline())
                .ok()
        };
        let shards = wanted.shards.or_else(|| info()?.shards);
        crate::backups::all_nodes(links, shards, self.args.transfer.http).map_err(|error| error.to_string())
    }
}

/// Notes that a backup was not fetched, since a signal ended the sync.
fn note_interrupted(wanted: &Wanted, ledger: &mut Ledger) {
    ledger.note_missing(wanted, "it was not fetched: the sync was interrupted".to_owned());
}

/// A run that goes on.
struct Run<'a> {
    fetching: &'a Fetching<'a>,
    wanted: &'a [Wanted],
    ledger: &'a mut Ledger,
    /// Those that were not begun, in order.
    waiting: VecDeque<usize>,
    /// Those whose files are in the transfer.
    running: Vec<Option<Running>>,
    /// Whether the ledger has what came of each.
    has_ended: Vec<bool>,
    /// How many were begun and have not ended.
    under_way: usize,
    /// How many orders the workers have not reported on.
    orders_out: usize,
    /// The backup of each file of the transfer, and the file's place in it.
    files: Vec<(usize, usize)>,
    transfer: Transfer,
    progress: Progress<'a>,
    book: &'a Arc<Book>,
    orders: Sender<Order>,
}

impl Run<'_> {
    /// Goes on until all backups have ended, or the run was stopped and its threads had time to put away
    /// what they have.
    fn go(&mut self, results: &Receiver<Done>, requests: &Receiver<Request>) {
        let clock = &*self.fetching.context.world.clock;
        let mut stopped_at = None;
        loop {
            // Before more are begun, since those that were given up make room for them.
            while let Ok(done) = results.try_recv() {
                self.orders_out -= 1;
                self.note(done);
            }
            let is_stopped = self.fetching.is_stopped();
            if !is_stopped {
                self.begin_more();
            }
            if self.under_way == 0 {
                return;
            }
            if is_stopped {
                let now = clock.monotonic();
                if now.saturating_sub(*stopped_at.get_or_insert(now)) >= GRACE {
                    return;
                }
            }
            for request in requests.try_iter() {
                // Once the run is stopped nobody answers: dropping the request makes the thread's `recv` fail.
                if !is_stopped {
                    let _ = self.orders.send(Order::Renew(request));
                }
            }
            self.step();
        }
    }

    /// Begins backups as long as there is room for them in the transfer.
    fn begin_more(&mut self) {
        let most = AHEAD * usize::from(self.fetching.args.transfer.parallel);
        while self.under_way < most {
            let Some(number) = self.waiting.pop_front() else { return };
            self.under_way += 1;
            self.order(Order::Begin(number));
        }
    }

    /// Takes the transfer's next event, if there is one within a moment.
    fn step(&mut self) {
        let moment = if self.orders_out > 0 { BRIEFLY } else { HEARTBEAT };
        match self.transfer.next_within(moment) {
            Err(transfer::Ended) | Ok(None) => self.progress.tick(),
            Ok(Some((file, event))) => {
                let (number, node) = self.files[file];
                match event {
                    Event::Position { bytes, length } => self.progress.position(file, bytes, length),
                    Event::Note(text) => self.progress.note(file, &text),
                    Event::Request(text) => {
                        let subject = &self.wanted[number].key.instance;
                        let line = || format!("{subject}: {}", visible(&text));
                        self.fetching.context.notes.trace(Detail::Requests, line);
                    }
                    Event::Done(outcome) => {
                        let state = outcome.state;
                        self.progress.end_counted(file, state.name(), state.is_good());
                        if let Some(warning) = &outcome.warning {
                            let path = outcome.path.display();
                            self.fetching.context.notes.warn(format_args!("{path}: {warning}"));
                        }
                        let key = &self.wanted[number].key;
                        self.fetching.untried.note(key, outcome.reason.as_ref());
                        let ended = self.running[number]
                            .as_mut()
                            .and_then(|running| running.end(node, *outcome));
                        if let Some(ended) = ended {
                            self.end(number, ended);
                        }
                    }
                }
            }
        }
    }

    fn order(&mut self, order: Order) {
        self.orders_out += 1;
        let _ = self.orders.send(order);
    }

    fn note(&mut self, done: Done) {
        match done {
            Done::Links(number, Ok(links)) => self.add(number, links),
            Done::Links(number, Err(reason)) => self.fail(number, reason),
            Done::Named(number, manifest, Ok(folder)) => {
                self.under_way -= 1;
                self.has_ended[number] = true;
                if let Some(instance) = self.ledger.instance_mut(&self.wanted[number].key) {
                    instance.add_new(folder, &manifest);
                }
            }
            Done::Named(number, _, Err(reason)) => self.fail(number, reason),
        }
    }

    /// Puts the files of a backup into the transfer.
    fn add(&mut self, number: usize, links: Vec<Fetchable>) {
        let wanted = &self.wanted[number];
        let opened = Running::open(self.fetching.store, wanted, &links);
        let (running, jobs) = match opened {
            Ok(opened) => opened,
            Err(reason) => return self.fail(number, reason),
        };
        self.book.add(number, links);
        self.running[number] = Some(running);
        let count = jobs.len();
        for (node, job) in jobs.into_iter().enumerate() {
            let label = match count {
                1 => wanted.key.instance.to_string(),
                _ => format!("{} {}", job.node, wanted.key.instance),
            };
            self.book.add_file(number, node);
            self.files.push((number, node));
            self.progress.add(&label);
            self.transfer.add(job);
        }
    }

    /// All files of a backup have ended.
    fn end(&mut self, number: usize, ended: Ended) {
        self.running[number] = None;
        match ended {
            Ended::Whole(files) => {
                let wanted = &self.wanted[number];
                let now = self.fetching.context.world.clock.now();
                let instance = self.ledger.instance_mut(&wanted.key);
                match instance.map(|instance| instance.manifest(wanted, files, now)) {
                    Some(manifest) => self.order(Order::Name(number, Box::new(manifest))),
                    None => self.fail(number, "its instance is not known".to_owned()),
                }
            }
            Ended::NotWhole(reason) => self.fail(number, reason),
        }
    }

    fn fail(&mut self, number: usize, reason: String) {
        self.under_way -= 1;
        self.running[number] = None;
        self.has_ended[number] = true;
        self.ledger.note_missing(&self.wanted[number], reason);
    }

    /// Notes as missing what has not ended: what is still to be begun, waits for its links, is being fetched, or
    /// waits for its folder.
    fn conclude(&mut self) {
        self.transfer.close();
        self.progress.close();
        for (wanted, has_ended) in self.wanted.iter().zip(&self.has_ended) {
            if !has_ended {
                note_interrupted(wanted, self.ledger);
            }
        }
    }
}
