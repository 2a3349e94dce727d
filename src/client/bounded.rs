//! Reads a long file of objects that are each short, so that nothing in it can fill the memory.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Number of bytes that may still come before the object ends.
#[derive(Clone)]
pub(super) struct Left {
    bytes: Rc<Cell<usize>>,
    max: usize,
}

impl Left {
    pub(super) fn new(max: usize) -> Left {
        Left { bytes: Rc::new(Cell::new(max)), max }
    }

    /// An object has ended: another one may come.
    pub(super) fn again(&self) {
        self.bytes.set(self.max);
    }
}

/// Reads from `inner`, but no more than what is left for an object.
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    pub(super) left: Left,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.bytes.get();
        if left == 0 {
            return Err(io::Error::other(format!("an object is longer than the {} bytes allowed", self.left.max)));
        }
        let len = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..len])?;
        self.left.bytes.set(left - read);
        Ok(read)
    }
}
