//! Pages for QuickJS's arenas: blocks of at most 4 KiB of which each is a page of the host's memory.

use core::arch::wasm32;
use core::ptr;

const WASM_PAGE: usize = 65_536;
/// Bytes of each block.
pub const PAGE: usize = 4096;
/// Bytes before the blocks of an arena (`JSArena` of QuickJS-ng 0.14).
const HEAD: usize = 24;
/// The sizes of blocks in an arena.
const BLOCKS: [usize; 31] = [
    16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512,
];
/// Bytes of the arenas for blocks of 16 to 40 bytes: variables, properties and short strings. (24 shares its own with 104.)
const SMALL: [usize; 3] = [4064, 4080, 4088];
/// The least bytes of an arena.
const LEAST: usize = 3608;
/// WebAssembly pages that a zone takes at once before the snapshot, and those for the arenas of jobs: one arena of each size.
const CHUNK: usize = 6;
const JOBS_CHUNK: usize = 2;

/// Pages that lie beside each other, as far as there is room.
struct Zone {
    next: usize,
    end: usize,
    /// The last page that was given back. It holds the address of the one before.
    free: usize,
    /// Whether there is no more room.
    is_full: bool,
    /// The WebAssembly pages of this zone, one bit each, for the first 256 MiB.
    marks: [u32; 128],
}

impl Zone {
    const EMPTY: Self = Self { next: 0, end: 0, free: 0, is_full: false, marks: [0; 128] };

    fn take(&mut self) -> *mut u8 {
        if self.free != 0 {
            let page = self.free as *mut usize;
            // SAFETY: pages that were given back belong to nobody else.
            unsafe {
                self.free = *page;
                *page = 0;
            }
            return page.cast();
        }
        if self.next == self.end {
            return ptr::null_mut();
        }
        let page = self.next;
        self.next += PAGE;
        page as *mut u8
    }

    /// More pages, at the end of the memory.
    fn grow(&mut self, chunk: usize) {
        if self.is_full {
            return;
        }
        let first = wasm32::memory_grow::<0>(chunk);
        let mut pages = first..first.saturating_add(chunk);
        let mut mark = |page: usize| self.marks.get_mut(page / 32).map(|mark| *mark |= 1 << (page % 32));
        if first != usize::MAX && pages.all(|page| mark(page).is_some()) {
            (self.next, self.end) = (first * WASM_PAGE, (first + chunk) * WASM_PAGE);
        } else {
            self.is_full = true;
        }
    }

    fn has(&self, page: usize) -> bool {
        self.marks.get(page / 32).is_some_and(|mark| mark & (1 << (page % 32)) != 0)
    }
}

struct Zones {
    /// What jobs change.
    objects: Zone,
    /// What they seldom change, such as code.
    others: Zone,
    /// What is taken after the snapshot.
    jobs: Zone,
    /// Whether all arenas that are taken now are for objects.
    are_objects: bool,
}

static mut ZONES: Zones = Zones { objects: Zone::EMPTY, others: Zone::EMPTY, jobs: Zone::EMPTY, are_objects: false };

/// The zones. A component has one thread, and no caller keeps the reference.
fn zones() -> &'static mut Zones {
    let zones = &raw mut ZONES;
    // SAFETY: see above.
    unsafe { &mut *zones }
}

/// A page for a block of this size, if it is that of an arena and there is room. Null otherwise. (A large block may happen to
/// have such a size. It gets a page, too.) `for_job`: after the snapshot.
///
/// # Safety
/// A component has one thread.
pub unsafe fn take(size: usize, for_job: bool) -> *mut u8 {
    if !(LEAST..=PAGE).contains(&size) {
        return ptr::null_mut();
    }
    if !BLOCKS.iter().any(|block| size == HEAD + (PAGE - HEAD) / block * block) {
        return ptr::null_mut();
    }
    let zones = zones();
    if for_job {
        return zones.jobs.take();
    }
    let is_object = zones.are_objects || SMALL.contains(&size);
    let zone = if is_object { &mut zones.objects } else { &mut zones.others };
    let page = zone.take();
    if !page.is_null() {
        return page;
    }
    zone.grow(CHUNK);
    zone.take()
}

/// Puts the arenas that `take` begins into the zone of objects. Their size alone does not tell which blocks they are for.
pub fn with_objects<T>(take: impl FnOnce() -> T) -> T {
    zones().are_objects = true;
    let taken = take();
    zones().are_objects = false;
    taken
}

/// Writes to each page of the last chunk of objects, without changing it.
///
/// A job changes some of these pages, here and there. The host can reset up to 32 ranges of pages quickly (wasmtime's
/// `MAX_REGIONS`). What lies behind these it unmaps, which takes longer than a short job and interrupts all processors. With
/// this, objects are one range.
pub fn join_objects() {
    let objects = &zones().objects;
    for page in (objects.end.saturating_sub(CHUNK * WASM_PAGE)..objects.next).step_by(PAGE) {
        let byte = page as *mut u8;
        // SAFETY: the page belongs to the zone, and writing what is there changes nothing.
        unsafe { byte.write_volatile(byte.read_volatile()) };
    }
}

/// Whether a block is one of these pages.
pub fn has(block: *mut u8) -> bool {
    zone_of(block).is_some()
}

fn zone_of(block: *mut u8) -> Option<&'static mut Zone> {
    let page = block as usize / WASM_PAGE;
    let Zones { objects, others, jobs, .. } = zones();
    [objects, others, jobs].into_iter().find(|zone| zone.has(page))
}

/// Takes back a page. False if the block is not a page. `is_old`: it is of the snapshot, which stays as it is. `for_job`: after
/// the snapshot.
///
/// # Safety
/// The block must have come from `take` or from another allocator. A component has one thread.
pub unsafe fn give_back(block: *mut u8, is_old: bool, for_job: bool) -> bool {
    let Some(zone) = zone_of(block) else { return false };
    if !is_old {
        unsafe {
            // A snapshot is small if its memory is zero where it is not used.
            if !for_job {
                ptr::write_bytes(block, 0, PAGE);
            }
            block.cast::<usize>().write(zone.free);
        }
        zone.free = block as usize;
    }
    true
}

/// Takes memory for the arenas of jobs. Call it once, at the end of the time before the snapshot.
pub fn reserve_for_jobs() {
    zones().jobs.grow(JOBS_CHUNK);
}
