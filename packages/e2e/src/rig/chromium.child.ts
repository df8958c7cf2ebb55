import Chromium from "@sparticuz/chromium";

// Unpacks what is inside the package into the folder for temporary files.
await Chromium.executablePath();
