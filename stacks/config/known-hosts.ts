import type { ProjectKeys } from "./schema/schema.ts";

/**
 * GitHub's SSH host keys, from https://api.github.com/meta (`ssh_keys`). Their fingerprints, which GitHub publishes in
 * "GitHub's SSH key fingerprints": +DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU, p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM
 * and, since March 2023, uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s.
 */
const github = [
  "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
  "github.com ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=",
  "github.com ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCj7ndNxQowgcQnjshcLrqPEiiphnt+VTTvDP6mHBL9j1aNUkY4Ue1gvwnGLVlOhGeYrnZaMgRK6+PKCUXaDbC7qtbW8gIkhL7aGCsOr/C56SJMy/BCZfxd1nWzAOxSDPgVsmerOBYfNqltV9/hWCqBywINIR+5dIg6JTJ72pcEpEjcYgXkE2YEFXV1JHnsKgbLWNlhScqb2UmyRkQyytRLtL+38TGxkxCflmO+5Z8CSSNY7GidjMIZ7Q4zMjA2n1nGrlTDkzwDCsw+wqFPGQA179cnfGWOWRVruj16z6XyvxvjJwbz0wQZ75XK5tKSb7FNyeIEs4TT4jk+S4dhPeAUC5y+bDYirYgM4GC7uEnztnZyaVWQ7B381AK4Qdrwt51ZqExKbQpTUNn+EjqoTwvqNj4kqx5QUCI0ThS/YkOxJCXmPUWZbhjpCg56i+2aB6CmK2JGhn57K5mj0MNdBXA4/WnwH6XoPWJzK5Nyu2zB3nAZp+S5hpQs+p1vN1/wsjk=",
];

/** As known_hosts names it; `undefined` for an address that is not reached by ssh. */
export function sshHost(url: string): string | undefined {
  const [, host, port = "22"] = /^ssh:\/\/(?:[^@/]+@)?([^:/]+)(?::(\d+))?\//.exec(url) ?? [];
  return host && port !== "22" ? `[${host}]:${port}` : host;
}

/** What is configured comes instead of what is known here. */
export function knownHosts({ url, knownHosts: own }: ProjectKeys["repository"]): readonly string[] {
  if (own) return own;
  return sshHost(url) === "github.com" ? github : [];
}
