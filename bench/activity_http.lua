-- A new event with each request: the id counts up, the members take turns.
local members = {$MEMBERS}
local body = [[$BODY]]
local head, middle, tail = body:match('^(.-)ID(.-)MEMBER(.*)$')
local started = tostring(os.time()) .. tostring(math.random(1000000)) .. "-"
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer $KEY"

function request()
  number = number + 1
  return wrk.format(nil, nil, nil, head .. started .. number .. middle .. members[number % #members + 1] .. tail)
end
