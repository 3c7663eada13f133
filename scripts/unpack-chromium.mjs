// Unpacks the browser of the npm package @sparticuz/chromium into
// node_modules/.cache/chromium, where internal/edge/browsertest looks for it.
//
// The package's own loader is not used: it unpacks the libraries and fonts
// that a bare machine lacks only when it believes itself on a cloud function.
import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";

const modules = join(dirname(fileURLToPath(import.meta.url)), "..", "node_modules");
const packed = join(modules, "@sparticuz", "chromium", "bin");
const target = join(modules, ".cache", "chromium");
const partial = `${target}.${process.pid}`;

const unpack = (name, to, options) =>
  pipeline(createReadStream(join(packed, `${name}.br`)), createBrotliDecompress(), createWriteStream(to, options));

if (!existsSync(join(target, "chromium"))) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const archive of ["al2023.tar", "fonts.tar", "swiftshader.tar"]) {
    const file = join(partial, archive);
    await unpack(archive, file);
    execFileSync("tar", ["-xf", file, "-C", partial]);
    rmSync(file);
  }
  // The package's own fonts.conf names folders of a cloud function.
  writeFileSync(
    join(partial, "fonts.conf"),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${join(target, "fonts")}</dir>
  <cachedir>${join(target, "fonts-cache")}</cachedir>
</fontconfig>
`,
  );
  await unpack("chromium", join(partial, "chromium"), { mode: 0o755 });
  renameSync(partial, target); // last, so that a half-unpacked browser is never found
}
