import type { Progress } from '../kernel/index.ts';
import type { Location } from './location.ts';

/** A file wanted by content. */
export interface WantedFile {
  /** 64 hex. */
  sha256: string;
  /** Bytes. */
  size: number;
  /** What people call it: `torch-2.7.1-....whl`, `gcc-12 12.2.0-14`. */
  label: string;
  /** Where it can be had, best first; asked only when the file is missing. May throw an error that names what is wrong. */
  locate(): Promise<Location[]>;
}

/** Lets a reader work on a file while it arrives. Nothing seen here is verified before onStored. Paths stay readable through an open handle. */
export interface StoreWatch {
  /** Files at least this large have their last `tailBytes` fetched first, where ranges are served. Default 0: no tails. */
  tailBytes?: number;
  /** Default 16 MiB. */
  tailFrom?: number;
  /** The last bytes, from `tailStart` to the end, lie at their place in `partPath`. */
  onTail?(sha256: string, partPath: string, tailStart: number): void;
  /** Bytes 0 to `bytesOnDisk` lie in `partPath`; called about every 4 MiB of growth. */
  onPrefix?(sha256: string, partPath: string, bytesOnDisk: number): void;
  /** What was seen so far was wrong and is being fetched anew from byte 0. */
  onRestart?(sha256: string): void;
  /** Verified and in place. Also called for files that were there already. */
  onStored?(sha256: string, path: string): void;
}

export interface FetchOptions {
  progress?: Progress;
  /** Task name in progress events; default `fetch`. */
  task?: string;
  signal?: AbortSignal;
  watch?: StoreWatch;
  /** Connections at once; default 8. */
  connections?: number;
  /** Bytes that must stay free beside the files, for what the caller unpacks; default 0. */
  reserve?: number;
}

export interface FetchResult {
  /** Bytes that came over the network or from a find-links folder. */
  bytesFetched: number;
  /** Files that were missing and are here now. */
  filesFetched: number;
}
