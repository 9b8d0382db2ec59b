# trick: never comes to an end
# reported: timeout
while True:
    pass
