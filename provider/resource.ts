import { printable } from "../stacks/terminal/printable.ts";
import type { Log } from "./log.ts";
import type { Properties } from "./values.ts";

export type Awaitable<T> = T | Promise<T>;

/** The user's mistake or the world's, never ours: its message reaches the terminal as it is, without a stack. */
export class UserError extends Error {
  override readonly name = "UserError";

  constructor(message: string) {
    super(printable(message));
  }
}

/** Something was made but not finished: the engine keeps it in the state, and its next run updates it. */
export class HalfMadeError extends UserError {
  readonly id: string;
  readonly outputs: Properties;

  constructor(error: Error, { id, outputs }: { readonly id: string; readonly outputs: Properties }) {
    super(error.message);
    this.id = id;
    this.outputs = outputs;
  }
}

/** What every request carries. `signal` is aborted by Ctrl-C (the engine's Cancel). */
export interface Request {
  readonly urn: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** `inputs` come unwrapped, `secrets` are the property paths that were secret, `unknown` stands for what is not known yet. */
export interface CheckRequest extends Request {
  readonly inputs: Properties;
  readonly secrets: ReadonlySet<string>;
  /** Empty for a resource that is not in the state yet. */
  readonly oldInputs: Properties;
}

export interface CheckFailure {
  /** Property path: `files["apps/blog/base/service.yaml"]`. */
  readonly property: string;
  readonly reason: string;
}

export interface DiffRequest extends CheckRequest {
  readonly id: string;
  readonly oldOutputs: Properties;
  readonly ignoreChanges: readonly string[];
}

export type ChangeKind = "ADD" | "ADD_REPLACE" | "DELETE" | "DELETE_REPLACE" | "UPDATE" | "UPDATE_REPLACE";

/** By property path; shown as a diff of inputs. Empty: nothing to do. */
export interface Diff {
  readonly changes: { readonly [path: string]: ChangeKind };
  readonly deleteBeforeReplace?: boolean;
}

export interface CreateRequest extends Request {
  readonly inputs: Properties;
  readonly secrets: ReadonlySet<string>;
  /** Nothing may be changed; outputs that only the update knows are `unknown`. */
  readonly preview: boolean;
  /** Pulumi's customTimeouts, in seconds; 0 where the program gives none. */
  readonly timeout: number;
}

export interface UpdateRequest extends CreateRequest {
  readonly id: string;
  readonly oldInputs: Properties;
  readonly oldOutputs: Properties;
}

export interface ExistingRequest extends Request {
  readonly id: string;
  /** Empty on `pulumi import` and `.get`. */
  readonly inputs: Properties;
  readonly secrets: ReadonlySet<string>;
  readonly outputs: Properties;
}

/** Outputs at a path that is secret in the inputs become secret by themselves, others by `secret(value)`. */
export interface State {
  readonly outputs: Properties;
  /** The engine reads the resource before every later preview and update, so that drift shows without `--refresh`. */
  readonly refreshBeforeUpdate?: boolean;
}

/** What a read found. */
export interface Found extends State {
  readonly id: string;
  readonly inputs: Properties;
}

export interface Resource {
  check?(
    request: CheckRequest,
  ): Awaitable<{ readonly inputs: Properties; readonly failures?: readonly CheckFailure[] }>;
  /** Without one every changed top-level input is an update in place. */
  diff?(request: DiffRequest): Awaitable<Diff>;
  create(request: CreateRequest): Awaitable<State & { readonly id: string }>;
  /** `undefined`: it is gone. Without one the state is believed. */
  read?(request: ExistingRequest): Awaitable<Found | undefined>;
  update?(request: UpdateRequest): Awaitable<State>;
  delete?(request: ExistingRequest): Awaitable<void>;
}

export interface Resources {
  readonly [token: string]: Resource;
}

export interface Provider {
  readonly name: string;
  readonly version: string;
  /** The provider's own configuration (`gitops:token` arrives as `token`); values are strings, JSON when structured. */
  readonly configure?: (variables: Properties) => Awaitable<void>;
  /** Loads what will be needed soon: the program asks for it first of all, through a function of any name. */
  readonly prepare?: () => Promise<unknown>;
  readonly resources: Resources;
  /** Those whose code is read only when one of them is asked for. */
  readonly others?: () => Promise<Resources>;
}
