-- wrk: each thread is one candidate with one connection, saving its own form again and again with If-Match and a new
-- Idempotency-Key. GK_BENCH names a file of lines "cookie <tab> csrf <tab> version".
local people = {}
local threads = 0

function setup(thread)
  if #people == 0 then
    for line in io.lines(os.getenv("GK_BENCH")) do
      local cookie, csrf, version = line:match("^([^\t]+)\t([^\t]+)\t(%d+)$")
      people[#people + 1] = {cookie, csrf, version}
    end
  end
  local person = people[threads % #people + 1]
  thread:set("cookie", person[1])
  thread:set("csrf", person[2])
  thread:set("version", tonumber(person[3]))
  thread:set("number", threads)
  threads = threads + 1
end

-- GK_PAUSE: milliseconds between an answer and the next save of the same candidate (half to one and a half of it).
local pause = tonumber(os.getenv("GK_PAUSE") or "0")
if pause > 0 then
  function delay() return pause * (0.5 + math.random()) end
end

local count = 0
local other = 0
local names = {"王建国", "李秀英", "张伟"}

function init(args)
  math.randomseed(os.time() + number * 7919)
  salt = string.format("%x%x", math.random(1, 2^30), math.random(1, 2^30))
end

function request()
  count = count + 1
  local body = string.format('{"fields":{"receiver":"%s","postcode":"41%04d"}}', names[count % 3 + 1], count % 10000)
  return wrk.format("PATCH", "/api/v1/me", {
    ["Cookie"] = cookie, ["X-CSRF-Token"] = csrf, ["X-Gaokao-Edition"] = "ks", ["Content-Type"] = "application/json",
    ["If-Match"] = string.format('"v%d"', version), ["Idempotency-Key"] = string.format("bench-%s-%d-%d", salt, number, count),
  }, body)
end

function response(status, headers, body)
  if status == 200 then
    version = version + 1
  else
    other = other + 1
    local current = headers["ETag"] or headers["Etag"] or headers["etag"]
    if current then version = tonumber(current:match("%d+")) or version end
    if other == 1 then io.stderr:write(string.format("not 200: %d %s\n", status, body:sub(1, 300))) end
  end
end

function done(summary, latency, requests)
  io.write(string.format('RESULT {"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"errors":%d,"requests":%d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.requests))
end
