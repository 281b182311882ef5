-- wrk: GETs one address; GK_COOKIE, when set, is the candidate's cookie.
function request()
  local headers = {["X-Gaokao-Edition"] = "ks"}
  if os.getenv("GK_COOKIE") then headers["Cookie"] = os.getenv("GK_COOKIE") end
  return wrk.format("GET", nil, headers)
end

function done(summary, latency, requests)
  io.write(string.format('RESULT {"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"errors":%d,"requests":%d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.requests))
end
