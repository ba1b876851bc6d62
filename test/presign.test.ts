import { expect, it } from "vitest";
import { presigned } from "../stacks/cluster/presign.ts";

it("signs as AWS' own example (AmazonS3 API reference, sigv4-query-string-auth)", () => {
  const object = {
    endpoint: "https://s3.amazonaws.com",
    bucket: "examplebucket",
    region: "us-east-1",
    key: "test.txt",
  };
  const keys = { accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const url = new URL(presigned(object, keys, { now: new Date("2013-05-24T00:00:00Z"), seconds: 86_400 }));
  expect(url.host + url.pathname).toBe("examplebucket.s3.amazonaws.com/test.txt");
  expect(url.searchParams.get("X-Amz-Signature")).toBe(
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});
