//! The links in use of all files of a sync, and new ones where they stop working.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backups::{Fetchable, renew};
use crate::transfer::Links;
use crate::values::link::Link;

/// A request for new links of a backup, which is named by its place in the plan.
pub(super) struct Request {
    pub(super) backup: usize,
    pub(super) reply: SyncSender<Result<Vec<Fetchable>, String>>,
}

/// The links of a backup, in the order of its files.
type OfBackup = Arc<Mutex<Vec<Fetchable>>>;

/// The links in use. All those of a backup are replaced by one request.
pub(super) struct Book {
    /// The backup of each file, and the file's place in it.
    files: Mutex<Vec<(usize, usize)>>,
    /// The links of each backup. Each backup has a lock of its own: a thread that needs new links waits while another
    /// asks for those of the same backup, and not for other backups.
    backups: Mutex<HashMap<usize, OfBackup>>,
    requests: Mutex<Sender<Request>>,
}

impl Book {
    pub(super) fn new(requests: Sender<Request>) -> Self {
        Self {
            files: Mutex::default(),
            backups: Mutex::default(),
            requests: Mutex::new(requests),
        }
    }

    /// Takes the links of a backup.
    pub(super) fn add(&self, backup: usize, links: Vec<Fetchable>) {
        lock(&self.backups).insert(backup, Arc::new(Mutex::new(links)));
    }

    /// Notes of which backup the next file of the transfer is, and its place in it.
    pub(super) fn add_file(&self, backup: usize, place: usize) {
        lock(&self.files).push((backup, place));
    }

    fn ask(&self, backup: usize) -> Result<Vec<Fetchable>, String> {
        let (reply, answer) = sync_channel(1);
        // Either fails where the run was given up.
        let given_up = || "the sync was interrupted".to_owned();
        lock(&self.requests)
            .send(Request { backup, reply })
            .map_err(|_| given_up())?;
        answer.recv().map_err(|_| given_up())?
    }
}

impl Links for Book {
    fn fresh(&self, file: usize, stale: &Link) -> Result<Link, String> {
        let (backup, place) = lock(&self.files)[file];
        let found = lock(&self.backups).get(&backup).map(Arc::clone);
        let links = found.ok_or("its links are not known")?;
        // A second thread waits for the lock and finds the link replaced.
        let mut links = lock(&links);
        if links[place].1 == *stale {
            let fresh = self.ask(backup)?;
            renew(&mut links, &fresh);
        }
        Ok(links[place].1.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked here leaves at worst a link that is stale.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    fn link(node: usize, version: u32) -> Link {
        Link::parse(&format!("https://storage.example/{node}?version={version}")).unwrap()
    }

    fn links(version: u32) -> Vec<Fetchable> {
        let of_node = |node| (format!("node {node}"), link(node, version));
        vec![of_node(0), of_node(1)]
    }

    #[test]
    fn one_request_replaces_all_links_of_a_backup() {
        let (requests, requested) = channel::<Request>();
        let book = Book::new(requests);
        book.add(7, links(1));
        book.add_file(7, 0);
        book.add_file(7, 1);
        // It answers one request and hangs up.
        let service = thread::spawn(move || {
            let request = requested.recv().unwrap();
            request.reply.send(Ok(links(2))).unwrap();
            request.backup
        });
        assert!(book.fresh(0, &link(0, 1)).unwrap() == link(0, 2));
        assert_eq!(service.join().unwrap(), 7);
        assert!(book.fresh(1, &link(1, 1)).unwrap() == link(1, 2));
        assert_eq!(book.fresh(1, &link(1, 2)).unwrap_err(), "the sync was interrupted");
    }
}
