/** What the resolver reads of one entry of a Packages file; relationship fields as written there. */
export interface DebRecord {
  name: string;
  version: string;
  /** `amd64`, `arm64` or `all`. */
  arch: string;
  /** Archive of the mirror it lies in: `debian`, `debian-security`. */
  archive: string;
  /** Path below the archive's root. */
  path: string;
  /** Bytes. */
  size: number;
  /** 64 hex digits. */
  sha256: string;
  /** `required` ... `extra`; empty when the field is missing. */
  priority: string;
  essential: boolean;
  /** `same`, `foreign`, `allowed`, or empty. */
  multiArch: string;
  preDepends: string;
  depends: string;
  provides: string;
  conflicts: string;
  breaks: string;
}
