require "fileinto";
require "mailbox";
require "variables";
require "enotify";
require "subaddress";
require "envelope";
require "duplicate";

if header :contains "X-Spam-Flag" "YES" {
  fileinto "Junk";
  stop;
}
# Filter: Once only
if duplicate { discard; stop; }
# Filter: Backups that failed
if allof (header :contains "Subject" "backup", header :contains "Subject" "failed") {
  notify :message "mailcow backup" "mailto:ops@phone.example";
}
