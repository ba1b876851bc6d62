import type { z } from "zod";

/** HTTP status per error code, as docs.hetzner.cloud lists them; every operation-specific code is a 422. */
const statuses: { readonly [code: string]: number } = {
  json_error: 400,
  unauthorized: 401,
  resource_limit_exceeded: 403,
  not_found: 404,
  uniqueness_error: 409,
  conflict: 409,
  deprecated_api_endpoint: 410,
  resource_unavailable: 412,
  locked: 423,
  protected: 423,
  rate_limit_exceeded: 429,
  server_error: 500,
  bad_gateway: 502,
  unavailable: 503,
  timeout: 504,
};

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
  /** Only where it differs from the documented status of the code. */
  readonly status?: number;
}

/** No answer at all: the connection ends. */
export const noAnswer: Failure = { code: "no_answer", message: "the connection was closed", status: 0 };

/** An answer of the API that is no success; becomes `{"error": {code, message, details}}`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly details: unknown;

  constructor({ code, message, details = null, status }: Failure) {
    super(message);
    this.code = code;
    this.details = details;
    this.status = status ?? statuses[code] ?? 422;
  }
}

export function apiError(code: string, message: string, details: unknown = null): ApiError {
  return new ApiError({ code, message, details });
}

/** Never without `details`: terraform-provider-hcloud panics on an `invalid_input` that has none. */
export function invalidInput(field: string, message: string): ApiError {
  const fields = [{ name: field, messages: [message] }];
  return apiError("invalid_input", `invalid input in field '${field}'`, { fields });
}

/** The body as the schema has it. Unknown members are dropped, as the API does. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const messages = Map.groupBy(parsed.error.issues, (issue) => issue.path.join(".") || "body");
  const fields = [...messages].map(([name, issues]) => ({ name, messages: issues.map((issue) => issue.message) }));
  const names = [...new Set(fields.map(({ name }) => `'${name.split(".")[0]}'`))];
  throw apiError("invalid_input", `invalid input in field${names.length > 1 ? "s" : ""} ${names.join(", ")}`, {
    fields,
  });
}
