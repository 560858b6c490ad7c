-- PowerDNS Recursor 4: the file of lua-config-file. Sends what it was answered by others to
-- unflux watch.
dnstapFrameStreamServer("/run/unflux/dnstap.sock", {
  logQueries = false, logResponses = true, flushTimeout = 1, reopenInterval = 5
})
