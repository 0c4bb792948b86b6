import { stripVTControlCharacters } from 'node:util';
import type { ErrorCatalogue, ErrorCode } from '../../kernel/index.ts';
import { RULES } from './catalogue.ts';
import { LiteralFinder } from './literals.ts';
import type { Rule } from './rule.ts';

/** Longer lines are looked at in pieces of this many characters, so that memory stays bounded. */
const LONGEST_LINE = 1 << 16;
/** Characters of the line that a match shows. */
const SHOWN = 300;

/** Where a rule matched. */
export interface Sighting {
  rule: Rule;
  /** Line number of the first match, from 1. */
  line: number;
  text: string;
  count: number;
}

/** One of rig's own codes that stands in a text. */
export interface CodeSighting {
  code: ErrorCode;
  line: number;
  text: string;
}

const OWN_CODE = 'RIG-';

/** The rule of each literal; the literal after the last stands for rig's own codes. */
const OWNERS = RULES.flatMap((rule) => rule.signs.map(() => rule));
const FINDER = new LiteralFinder([...RULES.flatMap((rule) => rule.signs.map(({ has }) => has)), OWN_CODE]);

function matches(rule: Rule, line: string): boolean {
  return rule.signs.some(({ has, like }) => line.includes(has) && (like === undefined || like.test(line)));
}

/** The first characters of a line, without terminal control sequences. */
function shown(line: string): string {
  return stripVTControlCharacters(line).trim().slice(0, SHOWN);
}

/** Finds known problems in text that comes piece by piece. Memory does not grow with the text. */
export class Matcher {
  private readonly catalogue: ErrorCatalogue;
  private readonly found = new Map<string, Sighting>();
  private readonly codes = new Map<string, CodeSighting>();
  private rest = '';
  private line = 0;

  constructor(catalogue: ErrorCatalogue = {}) {
    this.catalogue = catalogue;
  }

  /** Takes the next piece of the text. */
  feed(text: string): void {
    const end = text.lastIndexOf('\n');
    if (end < 0) this.rest += text;
    else {
      this.scan(this.rest + text.slice(0, end));
      this.rest = text.slice(end + 1);
    }
    if (this.rest.length > LONGEST_LINE) {
      this.scan(this.rest);
      // A sign may lie across the cut.
      this.rest = this.rest.slice(-512);
      this.line -= 1;
    }
  }

  finish(): { sightings: Sighting[]; codes: CodeSighting[] } {
    if (this.rest !== '') this.scan(this.rest);
    this.rest = '';
    const precise = [...this.found.values()].filter(
      ({ rule }) => !rule.yieldsTo?.some((other) => this.found.has(other)),
    );
    return { sightings: precise, codes: [...this.codes.values()] };
  }

  /** Whole lines. Only a block that holds some sign at all is looked at line by line. */
  private scan(block: string): void {
    const found = FINDER.find(block);
    const own = found.delete(OWNERS.length);
    const rules = [...new Set([...found].map((number) => OWNERS[number]))].filter(
      (rule) => rule !== undefined,
    );
    if (rules.length === 0 && !own) {
      for (let at = block.indexOf('\n'); at >= 0; at = block.indexOf('\n', at + 1)) this.line += 1;
      this.line += 1;
      return;
    }
    for (const line of block.split('\n')) {
      this.line += 1;
      for (const rule of rules) if (matches(rule, line)) this.sight(rule, line);
      if (own) this.sightCodes(line);
    }
  }

  private sight(rule: Rule, line: string): void {
    const seen = this.found.get(rule.id);
    if (seen) seen.count += 1;
    else this.found.set(rule.id, { rule, line: this.line, text: shown(line), count: 1 });
  }

  private sightCodes(line: string): void {
    for (const [code] of line.matchAll(/\bRIG-[A-Z0-9]+-\d{3}\b/g)) {
      if (Object.hasOwn(this.catalogue, code) && !this.codes.has(code)) {
        this.codes.set(code, { code: code as ErrorCode, line: this.line, text: shown(line) });
      }
    }
  }
}
