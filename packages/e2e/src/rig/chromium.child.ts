import Chromium from "@sparticuz/chromium";

// Unpacks the package's Chromium into the temporary folder.
await Chromium.executablePath();
